/**
 * Element and action types that a card in Teams may have, for schema version 1.5 (Microsoft's cards reference). What only
 * Teams knows needs a `fallback`, for clients that do not.
 */
export const ELEMENT_TYPES: ReadonlySet<string> = new Set(
  `AdaptiveCard TextBlock Image ImageSet Media RichTextBlock TextRun Container ColumnSet Column FactSet Table TableRow
  TableCell ActionSet Input.Text Input.Number Input.Date Input.Time Input.Toggle Input.ChoiceSet`.split(/\s+/),
)

/** Elements that are Teams' own. */
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
