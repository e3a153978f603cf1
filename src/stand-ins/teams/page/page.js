// @ts-check
import { createColumn, MAX_SHOWN } from './channel.js'
import { byId, make } from './dom.js'
import { textsOf } from './texts.js'

/** @typedef {import('../sandbox.ts').ChannelSummary} Summary */
/** @typedef {import('./message.js').Message} Message */
/** @typedef {{ summary: Summary, messages: Message[], column: ReturnType<typeof createColumn>, tab: HTMLElement }} Channel */

/** @type {{ gateway: boolean, message_limit: number, host_configs: { light: object, dark: object } }} */
const settings = await getJson('/sandbox/page/settings.json')
/** @type {Map<string, Channel>} */
const channels = new Map()
const systemTheme = matchMedia('(prefers-color-scheme: dark)')
let selected = ''
let texts = textsOf(storedChoice('language') === 'ar' || navigator.language.startsWith('ar') ? 'ar' : 'en')
if (storedChoice('language') === 'en') texts = textsOf('en')

const themePicker = /** @type {HTMLSelectElement} */ (byId('theme'))
themePicker.value = storedChoice('theme') ?? 'system'
themePicker.addEventListener('change', () => {
  localStorage.setItem('sandbox.theme', themePicker.value)
  drawAll()
})
systemTheme.addEventListener('change', drawAll)
byId('language').addEventListener('click', () => {
  texts = textsOf(texts.language === 'ar' ? 'en' : 'ar')
  localStorage.setItem('sandbox.language', texts.language)
  drawAll()
})
// A click outside an open menu closes it.
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (target instanceof Node && !menu.contains(target)) menu.removeAttribute('open')
  }
})

listen()

/** Listens to the server's events. Each new connection loads everything again, so that no event in between is missing. */
function listen() {
  const stream = new EventSource('/sandbox/events')
  const live = byId('live')
  const show = (/** @type {boolean} */ isLive) => {
    live.classList.toggle('live-on', isLive)
    live.dataset.text = isLive ? 'live' : 'offline'
    live.textContent = texts.say(isLive ? 'live' : 'offline')
  }
  // Events during `load` are applied after it: its answers may be older than they are.
  let queued = /** @type {(() => void)[] | undefined} */ ([])
  const afterLoad = (/** @type {() => void} */ task) => {
    if (queued) queued.push(task)
    else task()
  }
  show(false)
  stream.addEventListener('open', async () => {
    queued ??= []
    await load()
    show(true)
    const tasks = queued
    queued = undefined
    for (const task of tasks) task()
  })
  stream.addEventListener('error', () => show(false))
  stream.addEventListener('message', ({ data }) => {
    const { channel, message } = JSON.parse(data)
    afterLoad(() => receiveMessage(channel, message))
  })
  for (const type of ['refused', 'faults', 'cleared']) {
    stream.addEventListener(type, (event) => {
      const { channel } = JSON.parse(/** @type {MessageEvent} */ (event).data)
      afterLoad(() => update(channel, type === 'cleared'))
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
  endFaultsInTime(channel)
}

/**
 * Removes timed faults from the page when they end. The server sends no event then.
 *
 * @param {Channel} channel
 */
function endFaultsInTime(channel) {
  const { until } = channel.summary.faults
  if (until === undefined) return
  const end = () => {
    if (channel.summary.faults.until === until) update({ ...channel.summary, faults: {} }, false)
  }
  setTimeout(end, Date.parse(until) - Date.now())
}

async function load() {
  const listed = await getJson('/sandbox/channels')
  await Promise.all(
    listed.channels.map(async (/** @type {Summary} */ summary) => {
      const path = `/sandbox/channels/${encodeURIComponent(summary.key)}/messages?limit=${MAX_SHOWN}`
      const { messages } = await getJson(path)
      const known = channels.get(summary.key)
      if (known) Object.assign(known, { summary, messages })
      else {
        const tab = make('button', { type: 'button', class: 'tab', onclick: () => select(summary.key, true) })
        channels.set(summary.key, { summary, messages, column: createColumn(summary.key), tab })
      }
    }),
  )
  // In the server's order, channels with messages first.
  const listedChannels = listed.channels.map((/** @type {Summary} */ { key }) => channels.get(key))
  const inOrder = listedChannels.toSorted((/** @type {Channel} */ a, /** @type {Channel} */ b) => rank(a) - rank(b))
  for (const channel of inOrder) endFaultsInTime(channel)
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
 * Moves a channel with its first message before the empty ones. It stays there when its messages are removed, so that
 * it does not move while a person looks at it.
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

/** Channels to redraw, and new messages. Drawn once per frame: in a storm, thousands of messages arrive in a second. */
const changed = /** @type {Set<Channel>} */ (new Set())
const arrived = /** @type {{ channel: Channel, message: Message, seenBefore: boolean }[]} */ ([])
let drawing = false

/**
 * @param {Summary} summary
 * @param {Message} message
 */
function receiveMessage(summary, message) {
  const channel = channels.get(summary.key)
  if (!channel || channel.messages.some(({ id }) => id === message.id)) return
  const id = message.headers['webhook-id']
  const seenBefore = id !== undefined && channel.messages.some(({ headers }) => headers['webhook-id'] === id)
  if (channel.messages.length === 0) moveForward(channel)
  channel.summary = summary
  channel.messages = [...channel.messages, message].slice(-MAX_SHOWN)
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
    if (names) byId('announce').textContent = texts.say('new_message', { channel: names })
    for (const { channel, message, seenBefore } of arrived.splice(0)) {
      // Not messages that newer ones of the same frame have already replaced.
      if (channel.messages.includes(message)) channel.column.addMessage(message, drawOptions(), seenBefore)
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
  root.lang = texts.language
  root.dir = texts.direction
  document.title = texts.say('title')
  for (const element of document.querySelectorAll('[data-text]')) {
    const { text } = /** @type {HTMLElement} */ (element).dataset
    element.textContent = texts.say(/** @type {import('./texts.js').TextKey} */ (text))
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    const { label } = /** @type {HTMLElement} */ (element).dataset
    element.setAttribute('aria-label', texts.say(/** @type {import('./texts.js').TextKey} */ (label)))
  }
  byId('language').textContent = texts.say('other_language')
  byId('language').setAttribute('lang', texts.language === 'ar' ? 'en' : 'ar')
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
  column.drawHead(summary, texts)
  const hasFault = Object.keys(summary.faults).length > 0
  tab.classList.toggle('tab-empty', summary.messages === 0)
  tab.replaceChildren(
    make('span', { class: 'tab-name', dir: 'ltr' }, summary.name),
    ...(hasFault ? [make('span', { class: 'tab-fault', title: texts.say('faults') })] : []),
    ...(summary.messages > 0 ? [make('span', { class: 'badge' }, String(summary.messages))] : []),
  )
}

/** @param {Channel} channel */
function drawFeed({ summary, messages, column }) {
  column.drawFeed(messages, summary.messages - messages.length, drawOptions())
}

/**
 * Selects a channel: the only visible one on a phone, scrolled into view elsewhere.
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

/** Shows how to send a first event, until a channel has a message or a refusal. */
function drawHero() {
  const hero = byId('hero')
  hero.hidden = [...channels.values()].some(({ summary }) => summary.messages > 0 || summary.refused > 0)
  if (hero.hidden) return
  const event = '{"event_type":"vault.seal.detected","data":{"node":"vault-node-2.prod"}}'
  hero.replaceChildren(
    make('h2', { class: 'hero-title' }, texts.say('hero_title')),
    make('p', {}, texts.say(settings.gateway ? 'hero_gateway' : 'hero_alone')),
    ...(settings.gateway
      ? [
          make('h3', {}, texts.say('hero_http')),
          command(`curl ${location.origin}/v1/events -H 'content-type: application/json' \\\n  -d '${event}'`),
          make('h3', {}, texts.say('hero_cli')),
          command(`echo '${event}' \\\n  | npx claimlinc-teams send`),
        ]
      : []),
  )
}

/** @param {string} text */
function command(text) {
  const copy = make('button', { type: 'button', class: 'button button-quiet' }, texts.say('copy'))
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text)
    copy.textContent = texts.say('copied')
  })
  return make('div', { class: 'command', dir: 'ltr' }, make('pre', {}, text), copy)
}

function drawOptions() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'
  return { texts, hostConfig: settings.host_configs[theme], messageLimit: settings.message_limit }
}

/** @param {'theme' | 'language'} name */
function storedChoice(name) {
  return localStorage.getItem(`sandbox.${name}`)
}

/** @param {string} path */
async function getJson(path) {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return answer.json()
}
