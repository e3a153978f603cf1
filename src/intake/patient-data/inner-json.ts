import { MAX_DATA_DEPTH } from '../../contract/limits.ts'
import { depthOf, type Json } from '../../kernel/json.ts'
import { parseJson } from '../../kernel/parse-json.ts'

/** Parses a text that is a JSON list or object as a whole; undefined for any other text. */
export type InnerJson = (text: string) => Json | undefined

const START = /^\s*[{[]/
const END = /[}\]]\s*$/

/** Makes a parser that parses each text once. JSON deeper than MAX_DATA_DEPTH counts as plain text. */
export function createInnerJson(): InnerJson {
  const known = new Map<string, Json | undefined>()
  return (text) => {
    if (!START.test(text) || !END.test(text.slice(-100))) return undefined
    if (known.has(text)) return known.get(text)
    const inner = read(text)
    known.set(text, inner)
    return inner
  }
}

function read(text: string): Json | undefined {
  try {
    const value = parseJson(text) as Json
    return depthOf(value, MAX_DATA_DEPTH) > MAX_DATA_DEPTH ? undefined : value
  } catch {
    return undefined
  }
}
