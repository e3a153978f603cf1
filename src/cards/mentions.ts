import type { Mention } from '../catalogue/catalogue.ts'
import type { Priority } from '../catalogue/priority.ts'
import { cleanText } from '../kernel/characters.ts'
import type { JsonObject } from '../kernel/json.ts'

/** The people whom a card mentions. */
export interface Mentioned {
  /** `<at>Name</at>` of each, for the card's text. */
  readonly text: string
  /** What each of them means, for `msteams.entities`. */
  readonly entities: readonly JsonObject[]
}

/**
 * Who is mentioned on a channel's cards of one priority. Teams finds a mention by its text, which has to stand in the
 * card exactly as in the entity; so two people of one name are told apart by a number.
 */
export function mentionsFor(mentions: readonly Mention[], priority: Priority): Mentioned {
  const taken = new Set<string>()
  const entities = mentions
    .filter((mention) => mention.priorities.includes(priority))
    .map(({ name, id }) => {
      // What would end the tag, or read as Markdown inside it.
      const plain = cleanText(name)
        .replace(/[<>[\]*_`\\{}\n]/g, ' ')
        .trim()
      let shown = plain
      for (let n = 2; taken.has(shown); n += 1) shown = `${plain} ${n}`
      taken.add(shown)
      return { type: 'mention', text: `<at>${shown}</at>`, mentioned: { id, name: shown } }
    })
  return { text: entities.map(({ text }) => text).join(' '), entities }
}
