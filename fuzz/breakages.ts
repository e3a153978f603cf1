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
    file: 'src/accept/check.ts',
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
    file: 'src/accept/patient-data.ts',
    find: '(isOwn(name, depth) ? name : hide(name))',
    replace: 'name',
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'numbers rounded',
    file: 'src/http/body.ts',
    find: 'return parseJson(text)',
    replace: 'return JSON.parse(text)',
    target: 'accept',
    properties: ['stored', 'patient'],
  },
  {
    name: 'undeclared kept',
    file: 'src/accept/undeclared.ts',
    find: "if (undeclared === 'keep') return",
    replace: "if (undeclared !== 'mask') return",
    target: 'accept',
    properties: ['declared'],
  },
  {
    name: 'separators hide patients',
    file: 'src/accept/find-values.ts',
    find: 'const SHORTEST_SPLIT = 7',
    replace: 'const SHORTEST_SPLIT = 700',
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'identifiers of labels shown',
    file: 'src/accept/patient-data.ts',
    find: 'return isAmong(all, name) ? MARKED : identifierOf(name)',
    replace: 'return isAmong(all, name) ? MARKED : undefined',
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'half accepted',
    file: 'src/accept/acceptor.ts',
    find: "if (problems.length > 0) throw new GatewayError('invalid_event', problems)",
    replace: "if (problems.length > 0 && !checked.some(Boolean)) throw new GatewayError('invalid_event', problems)",
    target: 'accept',
    properties: ['whole'],
  },
  {
    name: 'null bytes stored',
    file: 'src/accept/plain-json.ts',
    find: "return text.replaceAll('\\u0000', '').toWellFormed()",
    replace: 'return text.toWellFormed()',
    target: 'accept',
    properties: ['answers', 'refusal', 'stored'],
  },
  {
    name: 'header decoded twice',
    file: 'src/http/cloudevents.ts',
    find: 'return decodeURIComponent(plain)',
    replace: 'return decodeURIComponent(decodeURIComponent(plain))',
    target: 'cloudevents',
    properties: ['stored', 'answers'],
  },
  {
    name: 'key without source',
    file: 'src/http/cloudevents.ts',
    find: `idempotencyKey: \`ce:\${digestOf(JSON.stringify([source, id]))}\``,
    replace: 'idempotencyKey: id',
    target: 'cloudevents',
    properties: ['refusal', 'quotes', 'again', 'whole'],
  },
  {
    name: 'subject lost',
    file: 'src/http/cloudevents.ts',
    find: '...(subject ? { correlationId: subject } : {})',
    replace: '...(subject && subject.length <= 20 ? { correlationId: subject } : {})',
    target: 'cloudevents',
    properties: ['stored'],
  },
  {
    name: 'size counted once',
    file: 'src/render/size.ts',
    find: 'const stored = JSON.stringify(json)',
    replace: 'const stored = json',
    target: 'render',
    properties: ['size'],
  },
  {
    name: 'links not escaped',
    file: 'src/render/text.ts',
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
    file: 'src/render/prepare.ts',
    find: "LOW: { style: 'emphasis', color: 'Default' }",
    replace: "LOW: { style: 'emphasis', color: 'Normal' }",
    target: 'render',
    properties: ['card'],
  },
  {
    name: 'objects as text',
    file: 'src/render/values.ts',
    find: '    return JSON.stringify(value)\n',
    replace: '    return String(value)\n',
    target: 'render',
    properties: ['expression'],
  },
  {
    name: 'cards twice as large',
    file: 'src/render/fit.ts',
    find: 'return drawn.bytes <= maxBytes ? drawn : undefined',
    replace: 'return drawn.bytes <= maxBytes * 2 ? drawn : undefined',
    target: 'templates',
    properties: ['size'],
  },
  {
    name: 'plain text not marked',
    file: 'src/render/templating.ts',
    find: 'const TRUSTED = /^\\$\\{\\s*(?:\\$root\\.)?(t\\.[\\w.]+|event\\.mentions)\\s*\\}$/',
    replace: 'const TRUSTED = /^\\$\\{\\s*(?:\\$root\\.)?(t\\.[\\w.]+|event\\.mentions|data\\.[\\w.]+)\\s*\\}$/',
    target: 'templates',
    properties: ['inert'],
  },
  {
    name: 'any of the matchers',
    file: 'src/silences/match.ts',
    find: 'silence.matchers.every((matcher)',
    replace: 'silence.matchers.some((matcher)',
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'pieces of a pattern overlap',
    file: 'src/silences/glob.ts',
    find: 'if (first.length > end || !text.startsWith(first)',
    replace: 'if (!text.startsWith(first)',
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'patient fields matched',
    file: 'src/silences/check-matchers.ts',
    find: "if ([text, path ?? '', ...(path ?? '').split('.')].some((name) => fields.isPatientData(name))) {",
    replace: 'if (fields.isPatientData(text)) {',
    target: 'silences',
    properties: ['silenced'],
  },
]
