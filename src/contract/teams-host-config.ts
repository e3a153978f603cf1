/**
 * Colours of a Teams theme, from Fluent's `teamsLightTheme` and `teamsDarkTheme` of `@fluentui/tokens`. Written out because
 * that package is not installed at run time.
 */
interface Palette {
  readonly foreground: string
  readonly subtle: string
  readonly card: string
  readonly emphasis: string
  readonly line: string
  /** Text colour and background of each semantic style. */
  readonly accent: Tone
  readonly good: Tone
  readonly warning: Tone
  readonly attention: Tone
}

interface Tone {
  readonly text: string
  readonly background: string
}

const LIGHT: Palette = {
  foreground: '#242424',
  subtle: '#616161',
  card: '#ffffff',
  emphasis: '#f5f5f5',
  line: '#e0e0e0',
  accent: { text: '#4f52b2', background: '#e8ebfa' },
  good: { text: '#0e700e', background: '#e6f5e6' },
  warning: { text: '#bc4b09', background: '#fdf0e6' },
  attention: { text: '#b10e1c', background: '#fbe4e6' },
}

const DARK: Palette = {
  foreground: '#ffffff',
  subtle: '#adadad',
  card: '#292929',
  emphasis: '#1f1f1f',
  line: '#525252',
  accent: { text: '#aab1fa', background: '#2f2f4a' },
  good: { text: '#7ec77e', background: '#0a3d0a' },
  warning: { text: '#faa06b', background: '#4a1e04' },
  attention: { text: '#eeacb2', background: '#5c0d14' },
}

const FONT_SIZES = { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 }
const FONT_WEIGHTS = { lighter: 300, default: 400, bolder: 600 }

/**
 * Makes the host config with which the official `adaptivecards` renderer draws cards as Teams does, with at most six
 * buttons. The sandbox's page and the pictures of cards use it.
 */
function hostConfig(palette: Palette) {
  const colour = (text: string, subtle = text) => ({
    default: text,
    subtle,
    highlightColors: { default: palette.emphasis, subtle: palette.emphasis },
  })
  const foregroundColors = {
    default: colour(palette.foreground, palette.subtle),
    dark: colour('#242424', '#616161'),
    light: colour('#ffffff', '#d6d6d6'),
    accent: colour(palette.accent.text),
    good: colour(palette.good.text),
    warning: colour(palette.warning.text),
    attention: colour(palette.attention.text),
  }
  const style = (backgroundColor: string) => ({ backgroundColor, foregroundColors })
  return {
    supportsInteractivity: true,
    spacing: { small: 4, default: 8, medium: 12, large: 16, extraLarge: 20, padding: 12 },
    separator: { lineThickness: 1, lineColor: palette.line },
    imageSizes: { small: 32, medium: 52, large: 100 },
    fontTypes: {
      default: {
        fontFamily: '"Segoe UI", system-ui, -apple-system, "Noto Sans", "Noto Sans Arabic", sans-serif',
        fontSizes: FONT_SIZES,
        fontWeights: FONT_WEIGHTS,
      },
      monospace: {
        fontFamily: 'Consolas, "Courier New", "DejaVu Sans Mono", monospace',
        fontSizes: FONT_SIZES,
        fontWeights: FONT_WEIGHTS,
      },
    },
    containerStyles: {
      default: style(palette.card),
      emphasis: style(palette.emphasis),
      accent: style(palette.accent.background),
      good: style(palette.good.background),
      warning: style(palette.warning.background),
      attention: style(palette.attention.background),
    },
    actions: {
      maxActions: 6,
      spacing: 'default',
      buttonSpacing: 8,
      showCard: { actionMode: 'inline', inlineTopMargin: 16, style: 'emphasis' },
      preExpandSingleShowCardAction: false,
      actionsOrientation: 'horizontal',
      actionAlignment: 'left',
    },
    adaptiveCard: { allowCustomStyle: false },
    factSet: {
      title: { size: 'default', color: 'default', isSubtle: false, weight: 'bolder', wrap: true, maxWidth: 180 },
      value: { size: 'default', color: 'default', isSubtle: false, weight: 'default', wrap: true },
      spacing: 16,
    },
    textBlock: { headingLevel: 2 },
    textStyles: {
      heading: { size: 'large', weight: 'bolder', color: 'default', isSubtle: false, fontType: 'default' },
    },
  } as const
}

/** Settings of the `adaptivecards` renderer, as plain data for `new HostConfig(...)`. */
export type TeamsHostConfig = ReturnType<typeof hostConfig>

/** Host config of Teams' light theme. */
export const TEAMS_LIGHT: TeamsHostConfig = hostConfig(LIGHT)

/** Host config of Teams' dark theme. */
export const TEAMS_DARK: TeamsHostConfig = hostConfig(DARK)
