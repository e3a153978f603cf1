import { LineCounter, parseDocument } from 'yaml'

/** What came of reading a YAML text: its value, or what is wrong with it and where. */
export type YamlResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      /** `reason` names the fault by the parser's code, such as `duplicate key`, and quotes nothing of the text. */
      readonly faults: readonly { readonly line: number; readonly column: number; readonly reason: string }[]
    }

/**
 * Reads YAML 1.2, of which JSON is a part. The parser's own messages are not passed on, because they quote the text, which
 * may hold a webhook URL.
 */
export function parseYaml(text: string): YamlResult {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0)
    return {
      ok: false,
      faults: document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0])
        return { line, column: col, reason: error.code.toLowerCase().replaceAll('_', ' ') }
      }),
    }
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) }
  } catch {
    // toJS throws for an alias without its anchor, and for aliases that multiply into millions of nodes.
    return { ok: false, faults: [{ line: 1, column: 1, reason: 'aliases that can not be resolved' }] }
  }
}
