import { createRequire } from 'node:module'
import { TEAMS_LIGHT } from '../contract/teams-host-config.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'

/**
 * Element types of Adaptive Cards 1.5 that Teams supports
 * (https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference).
 */
export const ELEMENT_TYPES: ReadonlySet<string> = new Set(
  `AdaptiveCard TextBlock Image ImageSet Media RichTextBlock TextRun Container ColumnSet Column FactSet Table TableRow
  TableCell ActionSet Input.Text Input.Number Input.Date Input.Time Input.Toggle Input.ChoiceSet`.split(/\s+/),
)

/** Element types that only Teams knows. They need a `fallback` for other clients. */
export const TEAMS_TYPES: ReadonlySet<string> = new Set(
  `Badge Icon CodeBlock Carousel CarouselPage Rating ProgressBar ProgressRing CompoundButton Chart.Donut Chart.Pie
  Chart.Line Chart.Gauge Chart.VerticalBar Chart.VerticalBar.Grouped Chart.HorizontalBar Chart.HorizontalBar.Stacked`.split(
    /\s+/,
  ),
)

/** Actions that work on a card from a webhook. */
export const LINK_ACTIONS: ReadonlySet<string> = new Set([
  'Action.OpenUrl',
  'Action.ToggleVisibility',
  'Action.ShowCard',
])

/** Actions that call a bot, which a card from a webhook does not have. */
export const BOT_ACTIONS: ReadonlySet<string> = new Set(['Action.Submit', 'Action.Execute'])

/** The used part of the official `adaptivecards` package. Its ESM build does not load in Node, its bundle does. */
interface AdaptiveCards {
  readonly AdaptiveCard: new () => {
    hostConfig: unknown
    parse(card: unknown, context: Context): void
    validateProperties(): { validationEvents: readonly { message: string }[] }
  }
  readonly HostConfig: new (config: unknown) => unknown
  readonly SerializationContext: new () => Context
}

interface Context {
  readonly eventCount: number
  getEventAt(index: number): { readonly message: string }
}

/** Problems that the official parser finds in an expanded card. Teams' own elements, unknown to it, are ignored. */
export function parserProblems(card: JsonObject): string[] {
  const library = loadLibrary()
  const context = new library.SerializationContext()
  const parsed = new library.AdaptiveCard()
  parsed.hostConfig = new library.HostConfig(TEAMS_LIGHT)
  // The parser checks `lang` with a global RegExp, whose `lastIndex` makes it refuse every second card.
  const { lang, ...rest } = card
  parsed.parse(withoutTeamsTypes(rest), context)
  const events = Array.from({ length: context.eventCount }, (_, i) => context.getEventAt(i).message)
  return [...new Set([...events, ...parsed.validateProperties().validationEvents.map(({ message }) => message)])]
}

/**
 * Replaces each Teams-only element by its fallback, as another client would, and removes the buttons of the overflow
 * menu, which the parser counts as too many.
 */
function withoutTeamsTypes(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutTeamsTypes).filter((item) => item !== undefined)
  if (!isObject(node)) return node
  if (node.mode === 'secondary') return undefined
  if (typeof node.type === 'string' && TEAMS_TYPES.has(node.type)) {
    return isObject(node.fallback) ? withoutTeamsTypes(node.fallback) : undefined
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutTeamsTypes(value)]))
}

function loadLibrary(): AdaptiveCards {
  return createRequire(import.meta.url)('adaptivecards/dist/adaptivecards.js') as AdaptiveCards
}
