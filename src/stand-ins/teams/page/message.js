// @ts-check
import { drawCard } from './card.js'
import { make } from './dom.js'

/** @typedef {import('../message.ts').RecordedMessage} Message */
/** @typedef {import('./words.js').Words} Words */

/** @typedef {{ words: Words, hostConfig: object, messageLimit: number }} Look */

/**
 * One message as it stands in a channel, or the notice of a failed run.
 *
 * @param {Message} message
 * @param {Look} look
 * @param {boolean} seenBefore True where this channel got the same notification earlier.
 */
export function drawMessage(message, look, seenBefore) {
  const { words } = look
  const attempt = Number(message.headers['x-claimlinc-attempt'] ?? 1)
  const repeat = seenBefore || message.headers['x-claimlinc-repeat'] === 'true'
  return make(
    'article',
    { class: message.run === 'failed' ? 'post post-failed' : 'post', 'data-id': message.id },
    make('span', { class: 'post-avatar', 'aria-hidden': 'true' }),
    make(
      'div',
      { class: 'post-head' },
      make('span', { class: 'post-sender' }, words.say('sender')),
      make('time', { datetime: message.received_at, title: message.received_at }, words.time(message.received_at)),
      attempt > 1 && make('span', { class: 'tag' }, words.say('attempt', { number: attempt })),
      repeat && make('span', { class: 'tag tag-warning', title: words.say('repeat_help') }, words.say('repeat')),
    ),
    make(
      'div',
      { class: 'post-content' },
      drawContent(message, look),
      drawSize(message, look),
      drawRaw(message, words),
    ),
  )
}

/**
 * @param {Message} message
 * @param {Look} look
 * @returns {HTMLElement}
 */
function drawContent(message, { words, hostConfig }) {
  if (message.run === 'failed') {
    return make(
      'div',
      { class: 'notice notice-danger' },
      make('strong', {}, words.say('failed')),
      make('p', { dir: 'ltr', class: 'notice-error' }, message.error ?? ''),
      make('p', {}, words.say('failed_help')),
    )
  }
  if (message.card === null) return make('div', { class: 'notice' }, words.say('no_card'))
  const card = /** @type {Record<string, unknown>} */ (message.card)
  // A card has its own direction and language, whatever this page is in.
  const frame = make('div', {
    class: 'card',
    dir: card.rtl === true ? 'rtl' : 'ltr',
    lang: typeof card.lang === 'string' ? card.lang : undefined,
  })
  const onDeadAction = (/** @type {string} */ type) => {
    frame.querySelector('.notice')?.remove()
    frame.append(make('div', { class: 'notice notice-warning', role: 'alert' }, words.say('dead_action', { type })))
  }
  try {
    const drawn = drawCard(card, hostConfig, onDeadAction)
    if (drawn) frame.append(drawn)
  } catch {
    // The renderer throws on cards that are valid JSON but not cards; people still have the raw JSON below.
  }
  if (frame.childElementCount === 0) frame.append(make('div', { class: 'notice' }, words.say('undrawable')))
  return frame
}

/**
 * @param {Message} message
 * @param {Look} look
 */
function drawSize({ bytes, headers }, { words, messageLimit }) {
  const correlationId = headers['x-correlation-id']
  const fill = make('span', { class: 'size-fill' })
  fill.style.inlineSize = `${Math.min(100, ((bytes ?? 0) / messageLimit) * 100)}%`
  return make(
    'div',
    { class: (bytes ?? 0) > messageLimit ? 'meta meta-over' : 'meta' },
    bytes !== null && make('span', { class: 'size', 'aria-hidden': 'true' }, fill),
    bytes !== null && make('span', {}, words.say('bytes', { size: bytes, limit: messageLimit })),
    correlationId !== undefined && make('bdi', { class: 'meta-id', title: correlationId }, correlationId),
  )
}

/**
 * @param {Message} message
 * @param {Words} words
 */
function drawRaw({ headers, body }, words) {
  const details = make('details', { class: 'raw' }, make('summary', { class: 'raw-summary' }, words.say('raw')))
  // Filled when it is opened: most never are, and a page shows hundreds.
  const fill = () => {
    const rows = Object.entries(headers).map(([name, value]) =>
      make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, value)),
    )
    details.append(
      make('h3', {}, words.say('headers')),
      make('div', { class: 'raw-box', dir: 'ltr', tabindex: '0' }, make('table', {}, ...rows)),
      make('h3', {}, words.say('body')),
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
