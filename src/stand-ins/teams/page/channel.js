// @ts-check
import { make } from './dom.js'
import { drawMessage } from './message.js'

/** @typedef {import('../sandbox.ts').ChannelSummary} Summary */
/** @typedef {import('./message.js').Message} Message */
/** @typedef {import('./message.js').Look} Look */

/** Messages shown per channel, the newest. The server keeps more, but a browser grows slow on a storm. */
export const SHOWN = 50

/** @type {readonly [import('./words.js').Word, import('../faults.ts').FaultsInput][]} */
const FAULTS = [
  ['fault_throttle', { status: 429, retry_after: 30, for_seconds: 30 }],
  ['fault_error', { status: 500 }],
  ['fault_slow', { delay_ms: 5000 }],
  ['fault_cut', { cut: 'headers' }],
]

/**
 * One channel's column: its head with the faults, and its messages, the newest on top.
 *
 * @param {string} key
 */
export function createColumn(key) {
  const head = make('header', { class: 'channel-head' })
  const notices = make('div', { class: 'channel-notices' })
  const feed = make('div', { class: 'feed', tabindex: '0' })
  const element = make('section', { class: 'channel', id: `channel-${key}` }, head, notices, feed)

  return {
    element,

    /**
     * Draws what stands above the messages.
     *
     * @param {Summary} summary
     * @param {Look['words']} words
     */
    drawHead(summary, words) {
      // The menu is made anew; it must not close under somebody's finger because a message came in.
      const open = head.querySelector('details')?.open ?? false
      const count = words.say(summary.messages === 1 ? 'messages_one' : 'messages', { count: summary.messages })
      const title = make('h2', { class: 'channel-name', dir: 'ltr', id: `title-${key}` }, summary.name)
      element.setAttribute('aria-labelledby', `title-${key}`)
      element.classList.toggle('channel-empty', summary.messages === 0)
      head.replaceChildren(
        make('div', { class: 'channel-title' }, title, make('span', { class: 'count' }, count)),
        drawFaultMenu(summary, words, open),
      )
      const fault = describeFaults(summary.faults, words)
      const { refused, last_refusal: last } = summary
      notices.replaceChildren(
        ...(fault ? [make('p', { class: 'notice notice-warning' }, words.say('fault_now', { what: fault }))] : []),
        ...(last ? [make('p', { class: 'notice' }, describeRefusals(refused, last, words))] : []),
      )
    },

    /**
     * Draws all messages.
     *
     * @param {readonly Message[]} messages Oldest first.
     * @param {number} older How many more there were.
     * @param {Look} look
     */
    drawFeed(messages, older, look) {
      const seen = new Set()
      const posts = messages.map((message) => {
        const id = message.headers['webhook-id']
        const post = drawMessage(message, look, id !== undefined && seen.has(id))
        seen.add(id)
        return post
      })
      const { words } = look
      feed.replaceChildren(
        ...posts.reverse(),
        ...(older > 0 ? [make('p', { class: 'feed-note' }, words.say('older', { count: older }))] : []),
        ...(messages.length === 0 ? [make('p', { class: 'feed-note' }, words.say('empty'))] : []),
      )
    },

    /**
     * Puts one new message on top.
     *
     * @param {Message} message
     * @param {Look} look
     * @param {boolean} seenBefore
     */
    addMessage(message, look, seenBefore) {
      if (!feed.querySelector('.post')) feed.replaceChildren()
      const post = drawMessage(message, look, seenBefore)
      post.classList.add('post-new')
      feed.prepend(post)
      const posts = feed.querySelectorAll('.post')
      for (const old of [...posts].slice(SHOWN)) old.remove()
    },
  }
}

/**
 * @param {Summary} summary
 * @param {Look['words']} words
 * @param {boolean} open
 */
function drawFaultMenu(summary, words, open) {
  const path = `/sandbox/channels/${encodeURIComponent(summary.key)}`
  const button = (/** @type {string} */ text, /** @type {() => void} */ onclick, kind = '') =>
    make('button', { type: 'button', class: `button ${kind}`, onclick }, text)
  const setFaults = (/** @type {object} */ faults) =>
    fetch(`${path}/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    })
  return make(
    'details',
    { class: 'menu', open },
    make('summary', { class: 'button' }, words.say('faults')),
    make(
      'div',
      { class: 'menu-box' },
      make('p', {}, words.say('faults_help', { channel: summary.name })),
      ...FAULTS.map(([word, faults]) => button(words.say(word), () => setFaults(faults))),
      button(words.say('fault_clear'), () => setFaults({}), 'button-primary'),
      make('hr'),
      button(words.say('clear_messages'), () => fetch(`${path}/messages`, { method: 'DELETE' }), 'button-quiet'),
    ),
  )
}

/**
 * @param {Summary['faults']} faults
 * @param {Look['words']} words
 */
function describeFaults(faults, words) {
  const { times, until, ...effects } = faults
  if (Object.keys(effects).length === 0) return ''
  const parts = Object.entries(effects).map(([name, value]) => (name === 'status' ? String(value) : `${name} ${value}`))
  if (times !== undefined) parts.push(words.say('fault_times', { count: times }))
  if (until !== undefined) parts.push(words.say('fault_until', { time: words.time(until) }))
  return parts.join(' · ')
}

/**
 * @param {number} refused
 * @param {NonNullable<Summary['last_refusal']>} last
 * @param {Look['words']} words
 */
function describeRefusals(refused, last, words) {
  const what = last.status === 0 ? last.code : `${last.status} ${last.code}`
  return words.say(refused === 1 ? 'refused_one' : 'refused', { count: refused, time: words.time(last.at), what })
}
