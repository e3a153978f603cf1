import type { Catalogue } from '../catalogue/catalogue.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import type { Settings } from '../settings/table.ts'
import type { ActionLink } from './buttons.ts'
import { type Drawable, draw } from './card.ts'
import { type CompiledTemplates, compileTemplates, type RendererOptions } from './card-compiler.ts'
import { parserProblems } from './elements.ts'
import { fitted } from './fit.ts'
import type { CardRequest, RenderedCard, Renderer } from './rendered-card.ts'
import type { Inspect } from './sample-cards.ts'

/**
 * Makes the renderer. Parses every template and renders sample cards, once; {@link neededParser} checks these.
 *
 * @throws GatewayError `invalid_template` with every problem of every template, `invalid_settings` for an unknown time zone.
 */
export function createRenderer(options: RendererOptions): Renderer {
  const { cardSet, types, problems } = compileTemplates(options, neededParser(options))
  if (problems.length > 0) throw new GatewayError('invalid_template', problems)
  return {
    render(request) {
      const card = cardSet.cards.get(request.card)
      if (card === undefined) throw new GatewayError('invalid_template', [noTemplate(request)])
      const type = types.get(request.event.eventType) ?? UNKNOWN
      return guarded(request, () => fitted((draft) => draw(request, card, type, cardSet, draft), options.maxBytes))
    },
  }
}

/**
 * The official parser where the user has templates. Not where all are the package's: they were checked before publishing, and
 * the parser takes 14 MB for the lifetime of the process.
 */
function neededParser({ catalogue }: RendererOptions): Inspect | undefined {
  return catalogue.templatesDir === undefined ? undefined : parserProblems
}

/** Names and problems of all templates. */
type CheckedTemplates = Pick<CompiledTemplates, 'cards' | 'problems' | 'untitled'>

/**
 * Compiles every template, renders sample cards and checks them all with the official parser, for `templates check`.
 *
 * @throws GatewayError `invalid_settings` for an unknown time zone.
 */
export function checkTemplates(options: RendererOptions): CheckedTemplates {
  return compileTemplates(options, parserProblems)
}

/** Checks the templates as {@link createRenderer} does, for `doctor`. */
export function checkAsAtStart(options: RendererOptions): CheckedTemplates {
  return compileTemplates(options, neededParser(options))
}

/** For a type that was removed from the configuration while its events waited: its data are shown as text. */
const UNKNOWN: Drawable = { fields: new Map(), phiFields: new Set() }

function noTemplate({ card }: CardRequest): Problem {
  return { at: `card ${card}`, found: 'no template', expected: `a file ${card}.json in the folder of templates` }
}

/** Converts an error of the expression engine to `invalid_template`, without its message, which may quote data. */
function guarded(request: CardRequest, render: () => RenderedCard): RenderedCard {
  try {
    return render()
  } catch (cause) {
    const problem = {
      at: `card ${request.card}`,
      found: 'an expression that can not be evaluated for this event',
      expected: 'one that holds for any data of the type',
    }
    throw new GatewayError('invalid_template', [problem], { cause })
  }
}

/** The renderer's options from the settings, also for the command line's `templates` commands, whose cards have no action buttons. */
export function rendererOptions(catalogue: Catalogue, settings: Settings, actionLink?: ActionLink): RendererOptions {
  return {
    ...(actionLink ? { actionLink } : {}),
    catalogue,
    timeZone: settings.TEAMS_TIME_ZONE,
    maxBytes: settings.TEAMS_CARD_MAX_BYTES,
    links: {
      grafana: settings.TEAMS_LINK_GRAFANA,
      flower: settings.TEAMS_LINK_FLOWER,
      logs: settings.TEAMS_LINK_LOGS,
      claims: settings.TEAMS_LINK_CLAIMS,
      nphies: settings.TEAMS_LINK_NPHIES,
      nphiesStatus: settings.TEAMS_LINK_NPHIES_STATUS,
      nphiesDocs: settings.TEAMS_LINK_NPHIES_DOCS,
      runbooks: {
        vault: settings.TEAMS_LINK_VAULT_RUNBOOK,
        celery: settings.TEAMS_LINK_CELERY_RUNBOOK,
        nphies: settings.TEAMS_LINK_NPHIES_RUNBOOK,
      },
      notifications: settings.TEAMS_LINK_NOTIFICATIONS,
    },
  }
}
