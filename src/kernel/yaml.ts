import { LineCounter, parseDocument } from 'yaml'

/** Result of {@link parseYaml}: the value, or the syntax errors with line and column. */
export type YamlResult =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      /** `reason` is the parser's error code in words, such as `duplicate key`, and quotes no part of the text. */
      readonly faults: readonly { readonly line: number; readonly column: number; readonly reason: string }[]
    }

/**
 * Parses YAML 1.2, which includes JSON. The parser's messages are not passed on, because they quote the text, which may
 * contain a webhook URL.
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
    // toJS throws for an alias without an anchor, and for aliases that expand to millions of nodes.
    return { ok: false, faults: [{ line: 1, column: 1, reason: 'aliases that can not be resolved' }] }
  }
}
