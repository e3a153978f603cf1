import type { Breakage } from '../breakages/breakage.ts'
import type { PropertyName } from './target.ts'
import type { TargetName } from './targets/table.ts'

/** A breakage of properties. */
export interface FuzzBreakage extends Breakage {
  /** The target that has to notice. */
  readonly target: TargetName
  /** The properties of which one has to fail. */
  readonly properties: readonly PropertyName[]
}

/** Slips that a person could make and that no type or linter reports; at least one for each target. */
export const BREAKAGES: readonly FuzzBreakage[] = [
  {
    name: 'found quotes',
    changes: [
      { file: 'src/kernel/errors.ts', find: `text of \${value.length} characters`, replace: `the text \${value}` },
    ],
    target: 'accept',
    properties: ['quotes'],
  },
  {
    name: 'unknown names quoted',
    changes: [
      { file: 'src/intake/check-event.ts', find: 'const quoted = ', replace: 'const quoted = name.length < 60 || ' },
    ],
    target: 'accept',
    properties: ['quotes'],
  },
  {
    name: 'patients only in plain letters',
    changes: [{ file: 'src/kernel/fold.ts', find: 'String(digitValue(character))', replace: 'character' }],
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'patient keys shown',
    changes: [{ file: 'src/intake/patient-data/patient-data.ts', find: 'hide(name)', replace: 'name' }],
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'numbers rounded',
    changes: [{ file: 'src/contract/json-body.ts', find: 'parseJson(text)', replace: 'JSON.parse(text)' }],
    target: 'accept',
    properties: ['stored', 'patient'],
  },
  {
    name: 'undeclared kept',
    changes: [
      {
        file: 'src/intake/patient-data/undeclared.ts',
        find: "undeclared === 'keep'",
        replace: "undeclared !== 'mask'",
      },
    ],
    target: 'accept',
    properties: ['declared'],
  },
  {
    name: 'separators hide patients',
    changes: [
      {
        file: 'src/intake/patient-data/find-values.ts',
        find: 'MIN_SPLIT_LENGTH = 7',
        replace: 'MIN_SPLIT_LENGTH = 700',
      },
    ],
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'identifiers of labels shown',
    changes: [{ file: 'src/intake/patient-data/patient-data.ts', find: 'identifierOf(name)', replace: 'undefined' }],
    target: 'accept',
    properties: ['patient'],
  },
  {
    name: 'half accepted',
    changes: [
      {
        file: 'src/intake/acceptor.ts',
        find: 'problems.length > 0',
        replace: 'problems.length > 0 && !checked.some(Boolean)',
      },
    ],
    target: 'accept',
    properties: ['whole'],
  },
  {
    name: 'null bytes stored',
    changes: [{ file: 'src/intake/plain-json.ts', find: ".replaceAll('\\u0000', '')", replace: '' }],
    target: 'accept',
    properties: ['answers', 'refusal', 'stored'],
  },
  {
    name: 'header decoded twice',
    changes: [
      {
        file: 'src/contract/cloudevents.ts',
        find: 'decodeURIComponent(plain)',
        replace: 'decodeURIComponent(decodeURIComponent(plain))',
      },
    ],
    target: 'cloudevents',
    properties: ['stored', 'answers'],
  },
  {
    name: 'key without source',
    changes: [{ file: 'src/contract/cloudevents.ts', find: '[source, id]', replace: '[id]' }],
    target: 'cloudevents',
    properties: ['refusal', 'quotes', 'again', 'whole'],
  },
  {
    name: 'subject lost',
    changes: [
      { file: 'src/contract/cloudevents.ts', find: '(subject ?', replace: '(subject && subject.length <= 20 ?' },
    ],
    target: 'cloudevents',
    properties: ['stored'],
  },
  {
    name: 'size counted once',
    changes: [{ file: 'src/contract/card-size.ts', find: 'JSON.stringify(json)', replace: 'json' }],
    target: 'render',
    properties: ['size'],
  },
  {
    name: 'links not escaped',
    changes: [{ file: 'src/cards/text.ts', find: '_[\\]~|]', replace: '_~|]' }],
    target: 'render',
    properties: ['inert'],
  },
  {
    name: 'marks forged',
    changes: [{ file: 'src/kernel/characters.ts', find: '\\p{Noncharacter_Code_Point}', replace: '' }],
    target: 'render',
    properties: ['inert'],
  },
  {
    name: 'a colour that there is not',
    changes: [{ file: 'src/cards/prepare.ts', find: "'Default'", replace: "'Normal'" }],
    target: 'render',
    properties: ['card'],
  },
  {
    name: 'objects as text',
    changes: [{ file: 'src/cards/values.ts', find: 'return JSON.stringify(value)', replace: 'return String(value)' }],
    target: 'render',
    properties: ['expression'],
  },
  {
    name: 'cards twice as large',
    changes: [{ file: 'src/cards/fit.ts', find: '<= maxBytes', replace: '<= maxBytes * 2' }],
    target: 'templates',
    properties: ['size'],
  },
  {
    name: 'plain text not marked',
    changes: [
      { file: 'src/cards/templating.ts', find: '|event\\.mentions)', replace: '|event\\.mentions|data\\.[\\w.]+)' },
    ],
    target: 'templates',
    properties: ['inert'],
  },
  {
    name: 'any of the matchers',
    changes: [{ file: 'src/intake/silences/match.ts', find: 'matchers.every(', replace: 'matchers.some(' }],
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'pieces of a pattern overlap',
    changes: [{ file: 'src/intake/silences/match.ts', find: 'first.length > end || ', replace: '' }],
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'patient fields matched',
    changes: [
      {
        file: 'src/intake/silences/check-matchers.ts',
        find: "[text, path ?? '', ...(path ?? '').split('.')]",
        replace: '[text]',
      },
    ],
    target: 'silences',
    properties: ['silenced'],
  },
  {
    name: 'alerts of a group not searched',
    changes: [{ file: 'src/sources/alertmanager/group.ts', find: 'namedValuesOf(webhook.alerts)', replace: '[]' }],
    target: 'webhooks',
    properties: ['patient'],
  },
  {
    name: 'names of labels quoted',
    changes: [{ file: 'src/sources/alertmanager/webhook.ts', find: `(entry \${index + 1})`, replace: `\${name}` }],
    target: 'webhooks',
    properties: ['quotes'],
  },
  {
    name: 'messages of exceptions kept',
    changes: [
      {
        file: 'src/sources/celery/exception-class.ts',
        find: "return name ?? 'Exception'",
        replace: 'return name ?? exception',
      },
    ],
    target: 'celery',
    properties: ['patient'],
  },
  {
    name: 'arguments inside arguments kept',
    changes: [{ file: 'src/sources/celery/keyword-arguments.ts', find: "'([{'", replace: "'(['" }],
    target: 'celery',
    properties: ['patient'],
  },
  {
    name: 'events of sources refused',
    changes: [
      { file: 'src/intake/check-event.ts', find: 'bySource && definition ?', replace: 'bySource && !definition ?' },
    ],
    target: 'celery',
    properties: ['taken'],
  },
  {
    name: 'the last byte waited for twice',
    changes: [
      { file: 'src/sources/redis/replies.ts', find: 'needed = start + length', replace: 'needed = 1 + start + length' },
    ],
    target: 'replies',
    properties: ['same'],
  },
  {
    name: 'a line end cut in two',
    changes: [{ file: 'src/sources/celery/resp.ts', find: 'unread.length - 1 : end', replace: 'unread.length : end' }],
    target: 'replies',
    properties: ['same'],
  },
  {
    name: 'endless counts remembered',
    changes: [{ file: 'src/sources/vault/audit.ts', find: '!Number.isFinite(sum)', replace: 'Number.isNaN(sum)' }],
    target: 'vault',
    properties: ['plain'],
  },
  {
    name: 'CDEvents searched in part',
    changes: [{ file: 'src/intake/check-event.ts', find: 'whole === undefined ?', replace: 'whole !== event ?' }],
    target: 'cdevents',
    properties: ['patient'],
  },
  {
    name: 'names of replicas as they come',
    changes: [
      { file: 'src/sources/finding-events.ts', find: "id.toWellFormed().replace(CONTROLS, ' ')", replace: 'id' },
    ],
    target: 'replies',
    properties: ['taken'],
  },
  {
    name: 'names of virtual hosts as they come',
    changes: [
      {
        file: 'src/sources/rabbitmq/queues.ts',
        find: 'encodeURIComponent(name.toWellFormed())',
        replace: 'encodeURIComponent(name)',
      },
    ],
    target: 'rabbitmq',
    properties: ['answers'],
  },
  {
    name: 'outputs of jobs with controls',
    changes: [{ file: 'src/sources/heartbeats/output.ts', find: ".replace(CONTROLS, '')", replace: '' }],
    target: 'heartbeats',
    properties: ['plain'],
  },
]
