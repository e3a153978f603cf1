import type { PropertyName } from './target.ts'
import type { TargetName } from './targets/table.ts'

/** A way to break the gateway: one text of its source replaced by another. */
export interface Breakage {
  readonly name: string
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Who has to notice. */
  readonly target: TargetName
  /** The properties by which it may be noticed. */
  readonly properties: readonly PropertyName[]
}

/**
 * Promises broken on purpose, to see that the fuzzer notices (`--break`). Each is a slip that a person could make and
 * that no type or linter would tell.
 */
export const BREAKAGES: readonly Breakage[] = [
  {
    name: 'found quotes',
    file: 'src/kernel/errors.ts',
    find: `value === '' ? 'empty text' : \`text of \${value.length} characters\``,
    replace: `value === '' ? 'empty text' : \`the text \${value}\``,
    target: 'accept',
    properties: ['quotes'],
  },
  {
    name: 'unknown names quoted',
    file: 'src/intake/check-event.ts',
    find: 'const quoted = near !== undefined && /^[A-Za-z_.\\- ]+$/.test(name)',
    replace: 'const quoted = name.length < 60',
    target: 'accept',
    properties: ['quotes'],
  },
  {
    name: 'patients only in plain letters',
    file: 'src/kernel/fold.ts',
    find: "    case 'digit':\n      return String(digitValue(character))",
    replace: "    case 'digit':\n      return character",
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'patient keys shown',
    file: 'src/intake/patient-data/patient-data.ts',
    find: '(isOwn(name, depth) ? name : hide(name))',
    replace: 'name',
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'numbers rounded',
    file: 'src/contract/json-body.ts',
    find: 'return parseJson(text)',
    replace: 'return JSON.parse(text)',
    target: 'accept',
    properties: ['stored', 'patient'],
  },
  {
    name: 'undeclared kept',
    file: 'src/intake/patient-data/undeclared.ts',
    find: "if (undeclared === 'keep') return",
    replace: "if (undeclared !== 'mask') return",
    target: 'accept',
    properties: ['declared'],
  },
  {
    name: 'separators hide patients',
    file: 'src/intake/patient-data/find-values.ts',
    find: 'const SHORTEST_SPLIT = 7',
    replace: 'const SHORTEST_SPLIT = 700',
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'identifiers of labels shown',
    file: 'src/intake/patient-data/patient-data.ts',
    find: 'return isAny(name) ? MARKED : identifierOf(name)',
    replace: 'return isAny(name) ? MARKED : undefined',
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'half accepted',
    file: 'src/intake/acceptor.ts',
    find: "if (problems.length > 0) throw new GatewayError('invalid_event', problems)",
    replace: "if (problems.length > 0 && !checked.some(Boolean)) throw new GatewayError('invalid_event', problems)",
    target: 'accept',
    properties: ['whole'],
  },
  {
    name: 'null bytes stored',
    file: 'src/intake/plain-json.ts',
    find: "return text.replaceAll('\\u0000', '').toWellFormed()",
    replace: 'return text.toWellFormed()',
    target: 'accept',
    properties: ['answers', 'refusal', 'stored'],
  },
  {
    name: 'header decoded twice',
    file: 'src/contract/cloudevents.ts',
    find: 'return decodeURIComponent(plain)',
    replace: 'return decodeURIComponent(decodeURIComponent(plain))',
    target: 'cloudevents',
    properties: ['stored', 'answers'],
  },
  {
    name: 'key without source',
    file: 'src/contract/cloudevents.ts',
    find: `idempotencyKey: \`ce:\${digestOf(JSON.stringify([source, id]))}\``,
    replace: 'idempotencyKey: id',
    target: 'cloudevents',
    properties: ['refusal', 'quotes', 'again', 'whole'],
  },
  {
    name: 'subject lost',
    file: 'src/contract/cloudevents.ts',
    find: '...(subject ? { correlationId: subject } : {})',
    replace: '...(subject && subject.length <= 20 ? { correlationId: subject } : {})',
    target: 'cloudevents',
    properties: ['stored'],
  },
  {
    name: 'size counted once',
    file: 'src/contract/card-size.ts',
    find: 'const stored = JSON.stringify(json)',
    replace: 'const stored = json',
    target: 'render',
    properties: ['size'],
  },
  {
    name: 'links not escaped',
    file: 'src/cards/text.ts',
    find: '.replace(/[\\\\`*_[\\]~|]/g, ',
    replace: '.replace(/[\\\\`*_~|]/g, ',
    target: 'render',
    properties: ['inert'],
  },
  {
    name: 'marks forged',
    file: 'src/kernel/characters.ts',
    find: '\\u2066-\\u206F\\uFEFF\\p{Noncharacter_Code_Point}`',
    replace: '\\u2066-\\u206F\\uFEFF`',
    target: 'render',
    properties: ['inert'],
  },
  {
    name: 'a colour that there is not',
    file: 'src/cards/prepare.ts',
    find: "LOW: { style: 'emphasis', color: 'Default' }",
    replace: "LOW: { style: 'emphasis', color: 'Normal' }",
    target: 'render',
    properties: ['card'],
  },
  {
    name: 'objects as text',
    file: 'src/cards/values.ts',
    find: '    return JSON.stringify(value)\n',
    replace: '    return String(value)\n',
    target: 'render',
    properties: ['expression'],
  },
  {
    name: 'cards twice as large',
    file: 'src/cards/fit.ts',
    find: 'return drawn.bytes <= maxBytes ? drawn : undefined',
    replace: 'return drawn.bytes <= maxBytes * 2 ? drawn : undefined',
    target: 'templates',
    properties: ['size'],
  },
  {
    name: 'plain text not marked',
    file: 'src/cards/templating.ts',
    find: 'const TRUSTED = /^\\$\\{\\s*(?:\\$root\\.)?(t\\.[\\w.]+|event\\.mentions)\\s*\\}$/',
    replace: 'const TRUSTED = /^\\$\\{\\s*(?:\\$root\\.)?(t\\.[\\w.]+|event\\.mentions|data\\.[\\w.]+)\\s*\\}$/',
    target: 'templates',
    properties: ['inert'],
  },
  {
    name: 'any of the matchers',
    file: 'src/intake/silences/match.ts',
    find: 'silence.matchers.every((matcher)',
    replace: 'silence.matchers.some((matcher)',
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'pieces of a pattern overlap',
    file: 'src/intake/silences/match.ts',
    find: 'if (first.length > end || !text.startsWith(first)',
    replace: 'if (!text.startsWith(first)',
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'patient fields matched',
    file: 'src/intake/silences/check-matchers.ts',
    find: "if ([text, path ?? '', ...(path ?? '').split('.')].some((name) => fields.isPatientData(name))) {",
    replace: 'if (fields.isPatientData(text)) {',
    target: 'silences',
    properties: ['silenced'],
  },
]
