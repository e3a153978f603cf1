// @ts-check
import { isWebAddress, toHtml } from './markdown.js'

/** The official renderer, which its script has put into the window. */
const renderer = /** @type {{ AdaptiveCards: typeof import('adaptivecards') }} */ (/** @type {unknown} */ (window))
  .AdaptiveCards

// The renderer's own pattern has the flag "g" and so remembers where it stopped: every second card lost its language.
Object.assign(renderer.CardElement.langProperty, { regEx: /^[a-z]{2,3}$/i })

/** The names that the card which is being drawn mentions. The renderer asks for Markdown with no word of which card it is for. */
let mentions = /** @type {ReadonlySet<string>} */ (new Set())

renderer.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = toHtml(text, mentions)
  result.didProcess = true
}

/**
 * Draws a card as Teams does: version 1.5 at most, Teams' Markdown, mentions, at most six buttons.
 *
 * @param {Record<string, unknown>} json
 * @param {object} hostConfig One of the two of `settings.json`.
 * @param {(type: string) => void} onDeadAction Called for an action that can not work on a card posted by a webhook.
 * @returns {HTMLElement | undefined} Nothing where the renderer can not draw it.
 */
export function drawCard(json, hostConfig, onDeadAction) {
  const card = new renderer.AdaptiveCard()
  card.hostConfig = new renderer.HostConfig(hostConfig)
  card.onExecuteAction = (action) => {
    if (action instanceof renderer.OpenUrlAction) openLink(action.url)
    else if (!(action instanceof renderer.ShowCardAction)) onDeadAction(action.getJsonTypeName())
  }
  card.onAnchorClicked = (_element, anchor) => {
    openLink(anchor.href)
    return true
  }
  mentions = mentionsOf(json)
  card.parse(isTooNew(json.version) ? fallbackOf(json) : json)
  return card.render()
}

/**
 * Opens a link away from this page. Only web addresses: a card may say `javascript:`.
 *
 * @param {string | undefined} url
 */
function openLink(url) {
  if (url && isWebAddress(url)) window.open(url, '_blank', 'noopener,noreferrer')
}

/**
 * @param {Record<string, unknown>} json
 * @returns {Set<string>}
 */
function mentionsOf(json) {
  const teams = /** @type {{ entities?: unknown } | undefined} */ (json.msteams)
  const entities = Array.isArray(teams?.entities) ? teams.entities : []
  const names = entities.map((entity) => /^<at>(.*)<\/at>$/.exec(String(entity?.text))?.[1])
  return new Set(names.filter((name) => name !== undefined))
}

/** @param {unknown} version */
function isTooNew(version) {
  const [major = 0, minor = 0] = String(version).split('.').map(Number)
  return major > 1 || minor > 5
}

/**
 * What a client shows of a card that is too new for it.
 *
 * @param {Record<string, unknown>} json
 */
function fallbackOf(json) {
  const text = typeof json.fallbackText === 'string' ? json.fallbackText : ''
  return { type: 'AdaptiveCard', version: '1.5', lang: json.lang, body: [{ type: 'TextBlock', text, wrap: true }] }
}
