import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject, it } from 'vitest'
import { createAuthority } from '../../../src/sources/authority.ts'

it('gives up a ca_file that does not answer, and leaves threads for other files', async () => {
  // A named pipe without a writer: opening it hangs, as on a mount whose server is gone.
  const file = join(mkdtempSync(join(inject('temporaryFolder'), 'authority-')), 'ca.pem')
  execFileSync('mkfifo', [file])
  const { signal } = new AbortController()
  const read = createAuthority(file, 200)
  for (let look = 0; look < 5; look++) await expect(read(signal)).rejects.toMatchObject({ code: 'tls_failed' })
  expect(await readFile(fileURLToPath(import.meta.url), 'utf8')).toContain('mkfifo')
  const last = read(signal)
  writeFileSync(file, 'CERTIFICATE')
  expect(await last).toBe('CERTIFICATE')
})
