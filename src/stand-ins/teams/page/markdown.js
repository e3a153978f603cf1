// @ts-check

/**
 * The Markdown of Teams in a card's text: bold, italic, lists, links. Not a library, which would render more than Teams
 * does, such as headings and code.
 */
const TOKEN =
  /\\([!-/:-@[-`{-~])|\*+|_+|\[([^[\]\n]{1,500})\]\(\s*([^\s()<>]{1,2000})(?:\s+"[^"\n]{0,200}")?\s*\)|<at>([^<>\n]{1,200})<\/at>|[^\\*_[<]+|[\s\S]/gy

/**
 * Converts a card's text to HTML. The text is escaped; only tags of this function remain.
 *
 * @param {string} text
 * @param {ReadonlySet<string>} mentions The names that the card's `msteams.entities` declare; other `<at>` stay text.
 * @returns {string}
 */
export function toHtml(text, mentions = new Set()) {
  /** @type {string[]} */
  const html = []
  /** @type {{ tag: 'ul' | 'ol', start: number, items: string[] } | undefined} */
  let list
  /** @type {string[]} */
  let paragraph = []
  const endParagraph = () => {
    if (paragraph.length > 0) html.push(`<p>${inline(paragraph.join('\n'), mentions)}</p>`)
    paragraph = []
  }
  const endList = () => {
    if (!list) return
    const start = list.tag === 'ol' && list.start !== 1 ? ` start="${list.start}"` : ''
    const items = list.items.map((item) => `<li>${inline(item, mentions)}</li>`).join('')
    html.push(`<${list.tag}${start}>${items}</${list.tag}>`)
    list = undefined
  }
  for (const line of text.split(/\r\n|\r|\n/)) {
    const item = /^[ \t]{0,20}(?:[-*+]|(\d{1,9})[.)])[ \t]+(\S.*)$/.exec(line)
    if (item) {
      const [, number, itemText = ''] = item
      const tag = number === undefined ? 'ul' : 'ol'
      endParagraph()
      if (list?.tag !== tag) endList()
      list ??= { tag, start: Number(number ?? 1), items: [] }
      list.items.push(itemText)
    } else if (line.trim() === '') {
      endParagraph()
      endList()
    } else {
      endList()
      paragraph.push(line)
    }
  }
  endParagraph()
  endList()
  return html.join('')
}

/**
 * A run of stars or underscores, which may open emphasis, close it, or be text.
 *
 * @typedef {{ char: string, left: number, opens: boolean, closes: boolean, before: string, after: string }} Run
 */

/**
 * @param {string} text
 * @param {ReadonlySet<string>} mentions
 * @returns {string}
 */
function inline(text, mentions) {
  /** @type {(string | Run)[]} */
  const parts = []
  for (const match of text.matchAll(TOKEN)) {
    const [token, escaped, label, address, name] = match
    if (escaped !== undefined) parts.push(escapeHtml(escaped))
    else if (token[0] === '*' || token[0] === '_') parts.push(runAt(text, match.index, token))
    else if (label !== undefined && address !== undefined && isWebAddress(address)) {
      const href = escapeHtml(address)
      parts.push(`<a href="${href}" target="_blank" rel="noopener noreferrer">${inline(label, mentions)}</a>`)
    } else if (name !== undefined && mentions.has(name)) parts.push(`<span class="mention">${escapeHtml(name)}</span>`)
    else parts.push(escapeHtml(token))
  }
  emphasise(parts)
  return parts.map((part) => (typeof part === 'string' ? part : textOf(part))).join('')
}

/**
 * @param {string} text
 * @param {number} index
 * @param {string} token
 * @returns {Run}
 */
function runAt(text, index, token) {
  const previous = text[index - 1] ?? ' '
  const next = text[index + token.length] ?? ' '
  const char = token[0] ?? ''
  // Underscores within a word are no emphasis: kube_pod_name.
  const word = char === '_' ? /[\p{L}\p{N}]/u : /(?!)/
  return {
    char,
    left: token.length,
    opens: !/\s/.test(next) && !word.test(previous),
    closes: !/\s/.test(previous) && !word.test(next),
    before: '',
    after: '',
  }
}

/**
 * Pairs each closing run with the nearest opening run of the same character, as CommonMark does, and adds the tags to
 * both.
 *
 * @param {(string | Run)[]} parts
 */
function emphasise(parts) {
  /** @type {Run[]} */
  let open = []
  for (const run of parts) {
    if (typeof run === 'string') continue
    while (run.closes && run.left > 0) {
      const index = open.findLastIndex(({ char }) => char === run.char)
      const opener = open[index]
      if (!opener) break
      const size = opener.left > 1 && run.left > 1 ? 2 : 1
      const tag = size === 2 ? 'strong' : 'em'
      opener.after = `<${tag}>${opener.after}`
      run.before += `</${tag}>`
      opener.left -= size
      run.left -= size
      open = open.slice(0, opener.left > 0 ? index + 1 : index)
    }
    if (run.opens && run.left > 0) open.push(run)
  }
}

/** @param {Run} run */
function textOf(run) {
  return run.before + run.char.repeat(run.left) + run.after
}

/** @param {string} address */
export function isWebAddress(address) {
  const url = URL.parse(address)
  return url?.protocol === 'https:' || url?.protocol === 'http:'
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
