import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { embeddedTemplate } from '../test/services/store-templates.ts'
import { readCorpus } from './corpus.ts'
import type { OpenTarget } from './target.ts'
import { loadTarget, TARGET_NAMES, TARGETS } from './targets/table.ts'

const CORPUS = fileURLToPath(new URL('./corpus', import.meta.url))
const targets = await Promise.all(TARGET_NAMES.map((name) => loadTarget(TARGETS[name])))

/** Every input that ever showed something new or failed, once, with every property. */
describe.each(targets.map((target) => [target.name, target] as const))('the corpus of %s', (_, target) => {
  let open: OpenTarget
  beforeAll(async () => {
    process.env.FUZZ_PREPARED_DATABASE = embeddedTemplate(inject('temporaryFolder'))
    open = await target.open()
    // Opens a database; longer than other hooks may take, on a machine that does much else.
  }, 180_000)
  afterAll(() => open.close())

  const files = readCorpus(CORPUS, target).map(({ path, input }) => [basename(path), input] as const)
  const seeds = target.seeds().map((input, i) => [`seed ${i + 1}`, input] as const)
  it.each([...seeds, ...files])('%s', async (_, input) => {
    expect(await open.run(input, true)).not.toEqual([])
  })
})
