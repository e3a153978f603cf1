import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EVENT_TYPES } from '../catalogue/event-types.ts'
import { LANGUAGES, type Language } from '../catalogue/language.ts'
import type { Problem } from '../kernel/errors.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { missingStrings, overlay, type Strings } from './strings.ts'

/** A parsed template file. */
export interface TemplateFile {
  /** File name with its folder, for messages. */
  readonly file: string
  readonly template: JsonObject
}

/** All template files: the gateway's own, and the user's over them. */
export interface TemplateFiles {
  readonly cards: ReadonlyMap<string, TemplateFile>
  readonly components: ReadonlyMap<string, TemplateFile>
  readonly frame: TemplateFile
  readonly minimal: TemplateFile
  readonly strings: Readonly<Record<Language, Strings>>
}

const BUILT_IN = fileURLToPath(new URL('../../templates/', import.meta.url))
/** Components with the mandatory content of every card, which users can not replace. */
const RESERVED = ['frame', 'minimal']

/** Reads the built-in templates, overridden by the ones of `userDir`. Problems are returned. */
export function loadTemplates(userDir: string | undefined): { files: TemplateFiles; problems: Problem[] } {
  const problems: Problem[] = []
  const read = (dir: string) => readFolder(dir, problems)
  const builtIn = read(join(BUILT_IN, 'components'))
  const cards = read(BUILT_IN)
  const components = new Map(builtIn)
  const builtInStrings = read(join(BUILT_IN, 'strings'))
  const strings = stringsOf(
    builtInStrings,
    Object.fromEntries(LANGUAGES.map((language) => [language, stringsOfTypes(language)])),
  )
  let merged = strings
  if (userDir !== undefined) {
    if (!existsSync(userDir)) problems.push({ at: userDir, found: 'no such folder', expected: 'a folder of templates' })
    for (const [name, file] of read(userDir)) cards.set(name, file)
    for (const [name, file] of read(join(userDir, 'components'))) {
      if (RESERVED.includes(name))
        problems.push({ at: file.file, found: 'the name of a built-in component', expected: 'another name' })
      else components.set(name, file)
    }
    merged = stringsOf(read(join(userDir, 'strings')), strings)
  }
  problems.push(...missingStrings(merged))
  const nothing: TemplateFile = { file: 'templates/components', template: {} }
  const frame = components.get('frame') ?? nothing
  const minimal = components.get('minimal') ?? nothing
  return { files: { cards, components, frame, minimal, strings: merged }, problems }
}

/** The texts of the built-in event types, in the form of a strings file. */
function stringsOfTypes(language: Language): Strings {
  return { events: Object.fromEntries(Object.entries(EVENT_TYPES).map(([type, { words }]) => [type, words[language]])) }
}

function stringsOf(
  files: ReadonlyMap<string, TemplateFile>,
  base: Readonly<Record<string, Strings>>,
): Record<Language, Strings> {
  const of = (language: Language) => overlay(base[language] ?? {}, files.get(language)?.template ?? {})
  return { en: of('en'), ar: of('ar') }
}

function readFolder(dir: string, problems: Problem[]): Map<string, TemplateFile> {
  const found = new Map<string, TemplateFile>()
  if (!existsSync(dir)) return found
  for (const name of readdirSync(dir).sort()) {
    if (!name.endsWith('.json')) continue
    const file = join(dir, name)
    const template = readJson(file, problems)
    if (template !== undefined) found.set(basename(name, '.json'), { file: shown(file), template })
  }
  return found
}

function readJson(file: string, problems: Problem[]): JsonObject | undefined {
  const addProblem = (found: string, expected: string) => problems.push({ at: shown(file), found, expected })
  try {
    const template: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (isObject(template)) return template as JsonObject
    addProblem('no object', 'a JSON object')
  } catch (error) {
    // Templates have no secrets and no patient data, so the parser's message may quote them.
    addProblem(
      error instanceof Error ? error.message : 'a file that can not be read',
      'a JSON object, encoded as UTF-8',
    )
  }
  return undefined
}

function shown(file: string): string {
  return file.startsWith(BUILT_IN) ? `templates/${file.slice(BUILT_IN.length)}` : file
}
