import type { ActionInputs } from '../../contract/actions.ts'
import type { Problem } from '../../kernel/errors.ts'
import type { Texts } from './texts.ts'

/** Inputs of a form: as they were typed, to be shown again, and as the action takes them. */
export interface FormInputs {
  readonly values: Readonly<Record<string, string>>
  readonly inputs: ActionInputs
}

/** What the form sends for the tier that is next when the action is done: none is named. */
export const NEXT_TIER = 'next'

const NAMES = ['name', 'reason', 'note', 'tier', 'quiet_for'] as const

/** Reads the inputs of a form. An empty one counts as not given; what is wrong with one, the use case says. */
export function readInputs(form: URLSearchParams): FormInputs {
  const values: Record<string, string> = {}
  for (const name of NAMES) {
    const value = form.get(name)?.replaceAll('\r\n', '\n').trim()
    if (value) values[name] = value
  }
  // A tier that is no number is passed on as 0, which no policy has, so that it is refused instead of left out.
  const tier = values.tier === undefined || values.tier === NEXT_TIER ? undefined : (numberOf(values.tier) ?? 0)
  // So is a time that is no number, as a negative one, which no action takes.
  const quietFor = values.quiet_for === undefined ? undefined : (numberOf(values.quiet_for) ?? -1)
  return {
    values,
    inputs: {
      ...(values.reason === undefined ? {} : { reason: values.reason }),
      ...(values.note === undefined ? {} : { note: values.note }),
      ...(tier === undefined ? {} : { tier }),
      ...(quietFor === undefined || quietFor === 0 ? {} : { quietFor }),
    },
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** Input of the form for the field of an action. */
const INPUT_OF: Readonly<Record<string, string>> = { quietFor: 'quiet_for', quiet_for: 'quiet_for' }

/** Problems of an action by the input of the form that they are about. Those that are about none stand at the reason. */
export function inputProblems(
  problems: readonly Problem[],
  values: FormInputs['values'],
  texts: Texts,
): Record<string, string> {
  return Object.fromEntries(
    problems.map(({ at }) => {
      const field = at.replace(/^.*\./, '')
      const input = INPUT_OF[field] ?? (NAMES.find((name) => name === field) || 'reason')
      return [input, values[input] === undefined ? texts.needed : (texts.wrong[input] ?? texts.wrong.other ?? '')]
    }),
  )
}
