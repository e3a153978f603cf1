import type { Priority } from '../../catalogue/priority.ts'
import type { ActionName, ActionResult, ActionState } from '../../contract/actions.ts'
import type { LinkRefusalCode } from '../../contract/link-refusals.ts'

/** Title of a page and the sentence below it. */
export interface Said {
  readonly title: string
  readonly todo: string
}

/** What keeps a page from being shown, besides the refusals of links. */
export type PageProblem = 'not_found' | 'gone' | 'gateway_busy' | 'unavailable' | 'uncertain'

/** Every text of the pages in one language. */
export interface Texts {
  readonly product: string
  readonly otherLanguage: string
  readonly action: Readonly<Record<ActionName, { readonly name: string; readonly will: string }>>
  readonly priority: Readonly<Record<Priority, string>>
  readonly state: Readonly<Record<ActionState, string>>
  readonly happened: string
  readonly occurred: string
  readonly channel: string
  readonly correlationId: string
  readonly askedBy: string
  readonly unverified: string
  readonly willHappen: string
  readonly events: (count: number) => string
  /** Of an escalation while an acknowledgement holds. */
  readonly climbsAgain: string
  readonly over: string
  readonly acknowledgedBy: string
  readonly discardedBy: string
  readonly until: string
  readonly comma: string
  readonly earlier: string
  readonly yourName: string
  readonly yourNameHint: string
  readonly reason: string
  readonly reasonHint: string
  readonly note: string
  readonly noteHint: string
  readonly optional: string
  readonly tier: string
  readonly whoIsCalled: string
  readonly nextTier: string
  readonly tierNumber: (tier: number) => string
  readonly pager: (name: string) => string
  readonly mention: (name: string) => string
  readonly quiet: string
  readonly quietFor: readonly { readonly seconds: number; readonly name: string }[]
  readonly signIn: Said & { readonly with: (tenant: string) => string }
  readonly signedInAs: string
  readonly signOut: string
  readonly signedOut: Said
  readonly ask: string
  readonly again: string
  readonly code: string
  readonly problems: string
  readonly needed: string
  readonly refused: Readonly<Record<LinkRefusalCode | PageProblem, Said>>
  /** Results of actions; English has those of the table ACTION_RESULTS. */
  readonly result: Readonly<Partial<Record<ActionResult, Said>>>
  /** What is wrong with an input, by its name. */
  readonly wrong: Readonly<Record<string, string>>
  readonly done: Said
  /** Of a form that was sent again with other inputs. */
  /** What the second person confirms. `choices` are the first person's. */
  readonly askedFirst: (by: string, at: string, choices: string) => string
  readonly firstSent: { readonly done: (at: string) => string; readonly note: (at: string) => string }
  readonly failed: Said
  readonly unknown: Said
  readonly running: Said
}
