// @ts-check
import { isWebAddress, toHtml } from './markdown.js'

/** The official renderer, a global of its script. */
const renderer = /** @type {{ AdaptiveCards: typeof import('adaptivecards') }} */ (/** @type {unknown} */ (window))
  .AdaptiveCards

// The renderer's pattern has the flag "g" and so keeps `lastIndex` between cards: every second card lost its language.
Object.assign(renderer.CardElement.langProperty, { regEx: /^[a-z]{2,3}$/i })

/**
 * Names mentioned in the card that is being drawn. A global, since the renderer calls `onProcessMarkdown` without the
 * card.
 */
let mentions = /** @type {ReadonlySet<string>} */ (new Set())

renderer.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = toHtml(text, mentions)
  result.didProcess = true
}

/**
 * Draws a card as Teams does: versions up to 1.5, Teams' Markdown, mentions, at most six buttons.
 *
 * @param {Record<string, unknown>} json
 * @param {object} hostConfig One of the two of `settings.json`.
 * @param {(type: string) => void} onDeadAction Called for an action that does not work on a card posted by a webhook.
 * @returns {HTMLElement | undefined} Undefined where the renderer can not draw the card.
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
 * Opens a link in a new tab. Only http and https: a card's URL may be `javascript:`.
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
 * The card that a client shows instead of one with a newer version.
 *
 * @param {Record<string, unknown>} json
 */
function fallbackOf(json) {
  const text = typeof json.fallbackText === 'string' ? json.fallbackText : ''
  return { type: 'AdaptiveCard', version: '1.5', lang: json.lang, body: [{ type: 'TextBlock', text, wrap: true }] }
}
