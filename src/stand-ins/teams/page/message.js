// @ts-check
import { drawCard } from './card.js'
import { make } from './dom.js'

/** @typedef {import('../message.ts').RecordedMessage} Message */
/** @typedef {import('./texts.js').Texts} Texts */

/** @typedef {{ texts: Texts, hostConfig: object, messageLimit: number }} DrawOptions */

/**
 * Draws one message of a channel, or the notice of a failed run.
 *
 * @param {Message} message
 * @param {DrawOptions} options
 * @param {boolean} seenBefore True where the channel already has a message of the same notification.
 */
export function drawMessage(message, options, seenBefore) {
  const { texts } = options
  const attempt = Number(message.headers['x-claimlinc-attempt'] ?? 1)
  const repeat = seenBefore || message.headers['x-claimlinc-repeat'] === 'true'
  return make(
    'article',
    { class: message.run === 'failed' ? 'post post-failed' : 'post', 'data-id': message.id },
    make('span', { class: 'post-avatar', 'aria-hidden': 'true' }),
    make(
      'div',
      { class: 'post-head' },
      make('span', { class: 'post-sender' }, texts.say('sender')),
      make('time', { datetime: message.received_at, title: message.received_at }, texts.time(message.received_at)),
      attempt > 1 && make('span', { class: 'tag' }, texts.say('attempt', { number: attempt })),
      repeat && make('span', { class: 'tag tag-warning', title: texts.say('repeat_help') }, texts.say('repeat')),
    ),
    make(
      'div',
      { class: 'post-content' },
      drawContent(message, options),
      drawSize(message, options),
      drawRaw(message, texts),
    ),
  )
}

/**
 * @param {Message} message
 * @param {DrawOptions} options
 * @returns {HTMLElement}
 */
function drawContent(message, { texts, hostConfig }) {
  if (message.run === 'failed') {
    return make(
      'div',
      { class: 'notice notice-danger' },
      make('strong', {}, texts.say('failed')),
      make('p', { dir: 'ltr', class: 'notice-error' }, message.error ?? ''),
      make('p', {}, texts.say('failed_help')),
    )
  }
  if (message.card === null) return make('div', { class: 'notice' }, texts.say('no_card'))
  const card = /** @type {Record<string, unknown>} */ (message.card)
  // A card's direction and language are independent of the page's.
  const frame = make('div', {
    class: 'card',
    dir: card.rtl === true ? 'rtl' : 'ltr',
    lang: typeof card.lang === 'string' ? card.lang : undefined,
  })
  const onDeadAction = (/** @type {string} */ type) => {
    frame.querySelector('.notice')?.remove()
    frame.append(make('div', { class: 'notice notice-warning', role: 'alert' }, texts.say('dead_action', { type })))
  }
  try {
    const drawn = drawCard(card, hostConfig, onDeadAction)
    if (drawn) frame.append(drawn)
  } catch {
    // The renderer throws for JSON that is no valid card; the raw JSON below is still shown.
  }
  if (frame.childElementCount === 0) frame.append(make('div', { class: 'notice' }, texts.say('undrawable')))
  return frame
}

/**
 * @param {Message} message
 * @param {DrawOptions} options
 */
function drawSize({ bytes, headers }, { texts, messageLimit }) {
  const correlationId = headers['x-correlation-id']
  const fill = make('span', { class: 'size-fill' })
  fill.style.inlineSize = `${Math.min(100, ((bytes ?? 0) / messageLimit) * 100)}%`
  return make(
    'div',
    { class: (bytes ?? 0) > messageLimit ? 'meta meta-over' : 'meta' },
    bytes !== null && make('span', { class: 'size', 'aria-hidden': 'true' }, fill),
    bytes !== null && make('span', {}, texts.say('bytes', { size: bytes, limit: messageLimit })),
    correlationId !== undefined && make('bdi', { class: 'meta-id', title: correlationId }, correlationId),
  )
}

/**
 * @param {Message} message
 * @param {Texts} texts
 */
function drawRaw({ headers, body }, texts) {
  const details = make('details', { class: 'raw' }, make('summary', { class: 'raw-summary' }, texts.say('raw')))
  // Filled on the first opening: a page shows hundreds of messages.
  const fill = () => {
    const rows = Object.entries(headers).map(([name, value]) =>
      make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, value)),
    )
    details.append(
      make('h3', {}, texts.say('headers')),
      make('div', { class: 'raw-box', dir: 'ltr', tabindex: '0' }, make('table', {}, ...rows)),
      make('h3', {}, texts.say('body')),
      make('pre', { class: 'raw-box', dir: 'ltr', tabindex: '0' }, prettyJson(body)),
    )
  }
  details.addEventListener('toggle', fill, { once: true })
  return details
}

/** @param {string} text */
function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
