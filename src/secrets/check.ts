import type { Clock } from '../kernel/clock.ts'
import type { Environment } from '../settings/env-file.ts'
import type { Settings } from '../settings/table.ts'
import { strangeVariables } from './environment.ts'
import type { CodedProblem, Doubt, SecretChannel } from './source.ts'
import { sourcesOf } from './sources.ts'
import { publicSuffixes, unknownKeys, validateReading } from './validate.ts'

/** What one look at every source found; no value of a secret is in it. */
export interface SecretsReport {
  /** Where each channel's webhook URL lies: a setting, or a path and field; undefined for a channel without a usable one. */
  readonly channels: readonly { readonly key: string; readonly at: string | undefined }[]
  /** Where the signing secret lies; undefined where one would be made up. */
  readonly signingAt: string | undefined
  /** The sources that were looked at, by the setting that names them, and whether they could be read. */
  readonly sources: readonly { readonly name: string; readonly ok: boolean }[]
  /** Everything that is wrong, each with the code that it would have alone. */
  readonly problems: readonly CodedProblem[]
  /** What works and most likely is not meant so. */
  readonly doubts: readonly Doubt[]
}

/** Looks at every source once and tells all that is wrong, without starting anything. For `doctor`. Never throws. */
export async function checkSecrets(options: {
  readonly settings: Settings
  readonly env: Environment
  readonly channels: readonly SecretChannel[]
  readonly clock: Clock
  readonly allowSandbox?: string | undefined
}): Promise<SecretsReport> {
  const { settings, env, channels, clock, allowSandbox } = options
  const sources = sourcesOf(settings, env, channels, clock, { askAll: true })
  const looked = await Promise.all(
    sources.map(async (source) => {
      const reading = await source.read()
      source.close()
      return { name: source.name, reading }
    }),
  )
  const judgement = validateReading(
    looked.map(({ reading }) => reading),
    channels,
    settings,
    allowSandbox,
  )
  return {
    channels: channels.map(({ key }) => ({ key, at: judgement.webhooks.get(key)?.at })),
    signingAt: judgement.signing.length > 0 ? judgement.signingAt : undefined,
    sources: looked.map(({ name, reading }) => ({ name, ok: reading.problems.length === 0 })),
    doubts: judgement.doubts,
    problems: [
      ...(await publicSuffixes(settings)),
      ...strangeVariables(env, channels),
      ...looked.flatMap(({ reading }) =>
        reading.problems.map((problem): CodedProblem => ({ ...problem, code: 'secrets_unreachable' })),
      ),
      ...judgement.problems,
      ...looked.flatMap(({ reading }) => unknownKeys(reading, channels)),
    ],
  }
}
