// @ts-check
import { createColumn, SHOWN } from './channel.js'
import { byId, make } from './dom.js'
import { wordsOf } from './words.js'

/** @typedef {import('../sandbox.ts').ChannelSummary} Summary */
/** @typedef {import('./message.js').Message} Message */
/** @typedef {{ summary: Summary, messages: Message[], column: ReturnType<typeof createColumn>, tab: HTMLElement }} Channel */

/** @type {{ gateway: boolean, message_limit: number, host_configs: { light: object, dark: object } }} */
const settings = await getJson('/sandbox/page/settings.json')
/** @type {Map<string, Channel>} */
const channels = new Map()
const systemTheme = matchMedia('(prefers-color-scheme: dark)')
let selected = ''
let words = wordsOf(remembered('language') === 'ar' || navigator.language.startsWith('ar') ? 'ar' : 'en')
if (remembered('language') === 'en') words = wordsOf('en')

const themePicker = /** @type {HTMLSelectElement} */ (byId('theme'))
themePicker.value = remembered('theme') ?? 'system'
themePicker.addEventListener('change', () => {
  localStorage.setItem('sandbox.theme', themePicker.value)
  drawAll()
})
systemTheme.addEventListener('change', drawAll)
byId('language').addEventListener('click', () => {
  words = wordsOf(words.language === 'ar' ? 'en' : 'ar')
  localStorage.setItem('sandbox.language', words.language)
  drawAll()
})
// An open menu closes when somebody clicks elsewhere.
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (target instanceof Node && !menu.contains(target)) menu.removeAttribute('open')
  }
})

listen()

/** Follows the stream of events; each new connection loads everything afresh, so that nothing is missed in between. */
function listen() {
  const stream = new EventSource('/sandbox/events')
  const live = byId('live')
  const show = (/** @type {boolean} */ isLive) => {
    live.classList.toggle('live-on', isLive)
    live.dataset.word = isLive ? 'live' : 'offline'
    live.textContent = words.say(isLive ? 'live' : 'offline')
  }
  // What happens while everything is being loaded waits: the answer to a load may be older than it.
  let waiting = /** @type {(() => void)[] | undefined} */ ([])
  const inTurn = (/** @type {() => void} */ task) => {
    if (waiting) waiting.push(task)
    else task()
  }
  show(false)
  stream.addEventListener('open', async () => {
    waiting ??= []
    await load()
    show(true)
    const tasks = waiting
    waiting = undefined
    for (const task of tasks) task()
  })
  stream.addEventListener('error', () => show(false))
  stream.addEventListener('message', ({ data }) => {
    const { channel, message } = JSON.parse(data)
    inTurn(() => take(channel, message))
  })
  for (const type of ['refused', 'faults', 'cleared']) {
    stream.addEventListener(type, (event) => {
      const { channel } = JSON.parse(/** @type {MessageEvent} */ (event).data)
      inTurn(() => update(channel, type === 'cleared'))
    })
  }
}

/**
 * @param {Summary} summary
 * @param {boolean} cleared
 */
function update(summary, cleared) {
  const channel = channels.get(summary.key)
  if (!channel) return
  channel.summary = summary
  changed.add(channel)
  if (cleared) {
    channel.messages = []
    drawFeed(channel)
  }
  drawSoon()
  const { until } = summary.faults
  if (until === undefined) return
  // The server forgets such a fault without a word.
  const end = () => {
    if (channel.summary.faults.until === until) update({ ...channel.summary, faults: {} }, false)
  }
  setTimeout(end, Date.parse(until) - Date.now())
}

async function load() {
  const listed = await getJson('/sandbox/channels')
  await Promise.all(
    listed.channels.map(async (/** @type {Summary} */ summary) => {
      const path = `/sandbox/channels/${encodeURIComponent(summary.key)}/messages?limit=${SHOWN}`
      const { messages } = await getJson(path)
      const known = channels.get(summary.key)
      if (known) Object.assign(known, { summary, messages })
      else {
        const tab = make('button', { type: 'button', class: 'tab', onclick: () => select(summary.key, true) })
        channels.set(summary.key, { summary, messages, column: createColumn(summary.key), tab })
      }
    }),
  )
  // In the server's order, whichever answer came first; those with something to see before the empty ones.
  const listedChannels = listed.channels.map((/** @type {Summary} */ { key }) => channels.get(key))
  const inOrder = listedChannels.toSorted((/** @type {Channel} */ a, /** @type {Channel} */ b) => rank(a) - rank(b))
  byId('deck').replaceChildren(...inOrder.map((/** @type {Channel} */ { column }) => column.element))
  byId('channel-list').replaceChildren(...inOrder.map((/** @type {Channel} */ { tab }) => tab))
  if (!selected) {
    const first = inOrder.find((/** @type {Channel} */ { summary }) => summary.messages > 0) ?? inOrder[0]
    selected = first?.summary.key ?? ''
  }
  drawAll()
}

/** @param {Channel} channel */
function rank({ summary }) {
  return summary.messages > 0 ? 0 : 1
}

/**
 * Moves a channel that has got its first message before the empty ones. It stays there when its messages are removed: what
 * somebody looks at does not move away.
 *
 * @param {Channel} channel
 */
function moveForward({ column, tab }) {
  for (const element of [column.element, tab]) {
    const firstEmpty = element.parentElement?.querySelector(':scope > .channel-empty, :scope > .tab-empty')
    if (firstEmpty && element.compareDocumentPosition(firstEmpty) & Node.DOCUMENT_POSITION_PRECEDING)
      firstEmpty.before(element)
  }
}

/** Channels with something to draw, and their new messages. Drawn once per frame: a storm brings thousands a second. */
const changed = /** @type {Set<Channel>} */ (new Set())
const arrived = /** @type {{ channel: Channel, message: Message, seenBefore: boolean }[]} */ ([])
let drawing = false

/**
 * @param {Summary} summary
 * @param {Message} message
 */
function take(summary, message) {
  const channel = channels.get(summary.key)
  if (!channel || channel.messages.some(({ id }) => id === message.id)) return
  const id = message.headers['webhook-id']
  const seenBefore = id !== undefined && channel.messages.some(({ headers }) => headers['webhook-id'] === id)
  if (channel.messages.length === 0) moveForward(channel)
  channel.summary = summary
  channel.messages = [...channel.messages, message].slice(-SHOWN)
  changed.add(channel)
  arrived.push({ channel, message, seenBefore })
  drawSoon()
}

function drawSoon() {
  if (drawing) return
  drawing = true
  requestAnimationFrame(() => {
    drawing = false
    const names = [...new Set(arrived.map(({ channel }) => channel.summary.name))].join(', ')
    if (names) byId('announce').textContent = words.say('new_message', { channel: names })
    for (const { channel, message, seenBefore } of arrived.splice(0)) {
      // Those that newer ones have pushed out again within this frame are not worth drawing.
      if (channel.messages.includes(message)) channel.column.addMessage(message, look(), seenBefore)
    }
    for (const channel of changed) drawHead(channel)
    changed.clear()
    drawHero()
  })
}

function drawAll() {
  const dark = themePicker.value === 'dark' || (themePicker.value === 'system' && systemTheme.matches)
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  root.lang = words.language
  root.dir = words.direction
  document.title = words.say('title')
  for (const element of document.querySelectorAll('[data-word]')) {
    const { word } = /** @type {HTMLElement} */ (element).dataset
    element.textContent = words.say(/** @type {import('./words.js').Word} */ (word))
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    const { label } = /** @type {HTMLElement} */ (element).dataset
    element.setAttribute('aria-label', words.say(/** @type {import('./words.js').Word} */ (label)))
  }
  byId('language').textContent = words.say('other_language')
  byId('language').setAttribute('lang', words.language === 'ar' ? 'en' : 'ar')
  arrived.length = 0
  for (const channel of channels.values()) {
    drawHead(channel)
    drawFeed(channel)
  }
  select(selected, false)
  drawHero()
}

/** @param {Channel} channel */
function drawHead({ summary, column, tab }) {
  column.drawHead(summary, words)
  const hasFault = Object.keys(summary.faults).length > 0
  tab.classList.toggle('tab-empty', summary.messages === 0)
  tab.replaceChildren(
    make('span', { class: 'tab-name', dir: 'ltr' }, summary.name),
    ...(hasFault ? [make('span', { class: 'tab-fault', title: words.say('faults') })] : []),
    ...(summary.messages > 0 ? [make('span', { class: 'badge' }, String(summary.messages))] : []),
  )
}

/** @param {Channel} channel */
function drawFeed({ summary, messages, column }) {
  column.drawFeed(messages, summary.messages - messages.length, look())
}

/**
 * Marks a channel as the chosen one: the only one on a phone, scrolled into view elsewhere.
 *
 * @param {string} key
 * @param {boolean} scroll
 */
function select(key, scroll) {
  selected = key
  for (const [other, { column, tab }] of channels) {
    column.element.classList.toggle('channel-selected', other === key)
    if (other === key) tab.setAttribute('aria-current', 'true')
    else tab.removeAttribute('aria-current')
  }
  if (scroll)
    channels.get(key)?.column.element.scrollIntoView({ inline: 'start', block: 'nearest', behavior: 'smooth' })
}

/** Says how to send a first event, for as long as there is nothing else to see. */
function drawHero() {
  const hero = byId('hero')
  hero.hidden = [...channels.values()].some(({ summary }) => summary.messages > 0 || summary.refused > 0)
  if (hero.hidden) return
  const event = '{"event_type":"vault.seal.detected","data":{"node":"vault-node-2.prod"}}'
  hero.replaceChildren(
    make('h2', { class: 'hero-title' }, words.say('hero_title')),
    make('p', {}, words.say(settings.gateway ? 'hero_gateway' : 'hero_alone')),
    ...(settings.gateway
      ? [
          make('h3', {}, words.say('hero_http')),
          command(`curl ${location.origin}/v1/events -H 'content-type: application/json' \\\n  -d '${event}'`),
          make('h3', {}, words.say('hero_cli')),
          command(`echo '${event}' \\\n  | npx claimlinc-teams send`),
        ]
      : []),
  )
}

/** @param {string} text */
function command(text) {
  const copy = make('button', { type: 'button', class: 'button button-quiet' }, words.say('copy'))
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text)
    copy.textContent = words.say('copied')
  })
  return make('div', { class: 'command', dir: 'ltr' }, make('pre', {}, text), copy)
}

function look() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'
  return { words, hostConfig: settings.host_configs[theme], messageLimit: settings.message_limit }
}

/** @param {'theme' | 'language'} what */
function remembered(what) {
  return localStorage.getItem(`sandbox.${what}`)
}

/** @param {string} path */
async function getJson(path) {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return answer.json()
}
