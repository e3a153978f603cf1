// @ts-check
import { make } from './dom.js'
import { drawMessage } from './message.js'

/** @typedef {import('../sandbox.ts').ChannelSummary} Summary */
/** @typedef {import('./message.js').Message} Message */
/** @typedef {import('./message.js').DrawOptions} DrawOptions */

/**
 * Number of messages shown per channel, the newest. The server keeps more; with all of them, a browser is slow in a
 * storm.
 */
export const MAX_SHOWN = 50

/** @type {readonly [import('./texts.js').TextKey, import('../faults.ts').FaultsInput][]} */
const FAULTS = [
  ['fault_throttle', { status: 429, retry_after: 30, for_seconds: 30 }],
  ['fault_error', { status: 500 }],
  ['fault_slow', { delay_ms: 5000 }],
  ['fault_cut', { cut: 'headers' }],
]

/**
 * One channel's column: its head with the menu of faults, and its messages, the newest on top.
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
     * Draws name, message count, menu of faults, and notices.
     *
     * @param {Summary} summary
     * @param {DrawOptions['texts']} texts
     */
    drawHead(summary, texts) {
      // The menu is created again; if it is open, it stays so.
      const open = head.querySelector('details')?.open ?? false
      const count = texts.say(summary.messages === 1 ? 'messages_one' : 'messages', { count: summary.messages })
      const title = make('h2', { class: 'channel-name', dir: 'ltr', id: `title-${key}` }, summary.name)
      element.setAttribute('aria-labelledby', `title-${key}`)
      element.classList.toggle('channel-empty', summary.messages === 0)
      head.replaceChildren(
        make('div', { class: 'channel-title' }, title, make('span', { class: 'count' }, count)),
        drawFaultMenu(summary, texts, open),
      )
      const fault = describeFaults(summary.faults, texts)
      const { refused, last_refusal: last } = summary
      notices.replaceChildren(
        ...(fault ? [make('p', { class: 'notice notice-warning' }, texts.say('fault_now', { fault }))] : []),
        ...(last ? [make('p', { class: 'notice' }, describeRefusals(refused, last, texts))] : []),
      )
    },

    /**
     * Draws all messages.
     *
     * @param {readonly Message[]} messages Oldest first.
     * @param {number} older Number of older messages that are not shown.
     * @param {DrawOptions} options
     */
    drawFeed(messages, older, options) {
      const seen = new Set()
      const posts = messages.map((message) => {
        const id = message.headers['webhook-id']
        const post = drawMessage(message, options, id !== undefined && seen.has(id))
        seen.add(id)
        return post
      })
      const { texts } = options
      feed.replaceChildren(
        ...posts.reverse(),
        ...(older > 0 ? [make('p', { class: 'feed-note' }, texts.say('older', { count: older }))] : []),
        ...(messages.length === 0 ? [make('p', { class: 'feed-note' }, texts.say('empty'))] : []),
      )
    },

    /**
     * Puts one new message on top.
     *
     * @param {Message} message
     * @param {DrawOptions} options
     * @param {boolean} seenBefore
     */
    addMessage(message, options, seenBefore) {
      if (!feed.querySelector('.post')) feed.replaceChildren()
      const post = drawMessage(message, options, seenBefore)
      post.classList.add('post-new')
      feed.prepend(post)
      const posts = feed.querySelectorAll('.post')
      for (const old of [...posts].slice(MAX_SHOWN)) old.remove()
    },
  }
}

/**
 * @param {Summary} summary
 * @param {DrawOptions['texts']} texts
 * @param {boolean} open
 */
function drawFaultMenu(summary, texts, open) {
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
    make('summary', { class: 'button' }, texts.say('faults')),
    make(
      'div',
      { class: 'menu-box' },
      make('p', {}, texts.say('faults_help', { channel: summary.name })),
      ...FAULTS.map(([key, faults]) => button(texts.say(key), () => setFaults(faults))),
      button(texts.say('fault_clear'), () => setFaults({}), 'button-primary'),
      make('hr'),
      button(texts.say('clear_messages'), () => fetch(`${path}/messages`, { method: 'DELETE' }), 'button-quiet'),
    ),
  )
}

/**
 * @param {Summary['faults']} faults
 * @param {DrawOptions['texts']} texts
 */
function describeFaults(faults, texts) {
  const { times, until, ...effects } = faults
  if (Object.keys(effects).length === 0) return ''
  const parts = Object.entries(effects).map(([name, value]) => (name === 'status' ? String(value) : `${name} ${value}`))
  if (times !== undefined) parts.push(texts.say('fault_times', { count: times }))
  if (until !== undefined) parts.push(texts.say('fault_until', { time: texts.time(until) }))
  return parts.join(' · ')
}

/**
 * @param {number} refused
 * @param {NonNullable<Summary['last_refusal']>} last
 * @param {DrawOptions['texts']} texts
 */
function describeRefusals(refused, last, texts) {
  const refusal = last.status === 0 ? last.code : `${last.status} ${last.code}`
  return texts.say(refused === 1 ? 'refused_one' : 'refused', { count: refused, time: texts.time(last.at), refusal })
}
