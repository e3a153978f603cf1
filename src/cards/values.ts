import { cleanText } from '../kernel/characters.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { FieldKind } from './fields.ts'
import type { Limits } from './fit.ts'
import type { Formatter } from './format.ts'
import type { ListRules } from './lists.ts'
import { type Strings, textAt, titleOfType } from './strings.ts'
import { cut, cutMiddle } from './text.ts'

/** Thrown when more text comes together than any card can hold; the renderer then tries with less. */
export class TooMuch extends Error {}

const ANY: FieldKind = { kind: 'any' }

/** Turns an event's values into what a card shows: clean, formatted, cut to the limits, never null or absent. */
export class Values {
  readonly #formatter: Formatter
  readonly #strings: Strings
  readonly #limits: Limits
  readonly #data: JsonObject
  readonly #lists: ListRules
  #total = 0

  constructor(formatter: Formatter, strings: Strings, limits: Limits, data: JsonObject, lists: ListRules) {
    this.#formatter = formatter
    this.#strings = strings
    this.#limits = limits
    this.#data = data
    this.#lists = lists
  }

  /** What says which event it is: cleaned, and cut only where nothing else is left to cut. */
  id(raw: string): string {
    return cut(cleanText(raw), this.#limits.ids)
  }

  /** A text of ours or of the event's, cleaned and cut. */
  text(raw: string): string {
    return this.#short(raw, (text) => cut(text, this.#limits.text))
  }

  /** A long text of many lines, cut in its middle. */
  code(value: Json | undefined): string {
    return this.#short(this.#plain(value), (text) => cutMiddle(text, this.#limits.text))
  }

  /** A field as `data.<name>`: a text, or a list of what a repeated element shows of each item. */
  shown(name: string, field: FieldKind, items: ReadonlySet<string>): Json {
    const value = own(this.#data, name)
    if (field.kind === 'map') return this.#entries(value, this.#most(name))
    if (field.kind === 'list')
      return this.#list(value, this.#most(name)).map((item) => this.#item(item, field.item, items))
    if (field.kind === 'object') return this.#object(value, field, new Set())
    return this.#scalar(name, value, field)
  }

  /** How many items of a list or map are not shown, those included that the event itself only counts. */
  hidden(name: string): number {
    const { others } = this.#lists.get(name) ?? {}
    const counted = others === undefined ? 0 : own(this.#data, others)
    const left = Math.max(0, sizeOf(own(this.#data, name)) - this.#most(name))
    return typeof counted === 'number' ? left + counted : left
  }

  /** A field as `raw.<name>`: its own type, for conditions. Absent and null are empty text. */
  raw(value: Json | undefined): Json {
    if (value === undefined || value === null) return ''
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.raw(item))
    if (isObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.raw(item)]))
    this.#count(8)
    return value
  }

  #scalar(name: string, value: Json | undefined, field: FieldKind): string {
    if (typeof value === 'number' && field.kind === 'amount') return this.#formatter.amount(value)
    if (typeof value === 'string' && field.kind === 'amount') return this.#formatter.amount(this.text(value))
    if (typeof value === 'string' && field.kind === 'moment') return this.#formatter.moment(this.text(value))
    // Half an address leads nowhere, or elsewhere.
    if (typeof value === 'string' && field.kind === 'url') return cleanText(value)
    const text = this.text(this.#plain(value))
    return this.#word(name, text, field) ?? text
  }

  /** The word of the card's language for what a text names; undefined where there is none. */
  #word(name: string, text: string, field: FieldKind): string | undefined {
    const names = field.kind === 'text' ? field.names : undefined
    if (names === undefined) return this.#wordForValue(name, text)
    if (names === 'field') return textAt(this.#strings, 'field', text)
    const of = names === 'event_type' ? undefined : own(this.#data, names.valueOf)
    return typeof of === 'string' ? this.#wordForValue(of, text) : titleOfType(this.#strings, text)
  }

  #wordForValue(field: string, text: string): string | undefined {
    return textAt(this.#strings, 'value', field, text.toLowerCase())
  }

  #plain(value: Json | undefined): string {
    if (value === undefined || value === null) return ''
    if (typeof value === 'string') return value
    if (typeof value === 'number') return this.#formatter.number(value)
    if (typeof value === 'boolean') return textAt(this.#strings, 'word', value ? 'yes' : 'no') ?? ''
    if (Array.isArray(value)) return value.map((item) => this.#plain(item)).join(', ')
    return JSON.stringify(value)
  }

  /** The most items of a list that are shown. */
  #most(name: string): number {
    return Math.min(this.#limits.list, this.#lists.get(name)?.most ?? Number.POSITIVE_INFINITY)
  }

  #list(value: Json | undefined, most: number): readonly Json[] {
    const list = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value as Json]
    this.#count(Math.min(list.length, most) * 50)
    return list.slice(0, most)
  }

  #entries(value: Json | undefined, most: number): JsonObject[] {
    if (!isObject(value)) return []
    return this.#list(Object.entries(value) as [string, Json][], most).map((entry) => {
      const [name, item] = entry as [string, Json]
      // A label names something: 9090 is a port, and 9,090 is none.
      return { name: this.text(name), value: this.text(typeof item === 'number' ? String(item) : this.#plain(item)) }
    })
  }

  #item(item: Json, kind: FieldKind | undefined, names: ReadonlySet<string>): Json {
    if (kind?.kind === 'object' || names.size > 0) return this.#object(item, kind, names)
    return this.#scalar('', item, kind ?? ANY)
  }

  /** An object with every name that a template may take from it. */
  #object(value: Json | undefined, kind: FieldKind | undefined, names: ReadonlySet<string>): JsonObject {
    const fields = kind?.kind === 'object' ? kind.fields : new Map<string, FieldKind>()
    const from = isObject(value) ? (value as JsonObject) : {}
    const all = new Set([...fields.keys(), ...names])
    return Object.fromEntries(
      [...all].map((name) => [name, this.#scalar(name, own(from, name), fields.get(name) ?? ANY)]),
    )
  }

  /** Only so much of a text is cleaned as can end up on the card. */
  #short(raw: string, shorten: (text: string) => string): string {
    const room = this.#limits.text * 2
    this.#count(Math.min(raw.length, this.#limits.text))
    if (raw.length <= room * 2) return shorten(cleanText(raw))
    return shorten(`${cleanText(raw.slice(0, room))}\n${cleanText(raw.slice(-room))}`)
  }

  #count(length: number): void {
    this.#total += length
    if (this.#total > this.#limits.total) throw new TooMuch()
  }
}

/** An object's own field; never what every object inherits. */
export function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Whether there is something to show. */
export function isThere(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || sizeOf(value) > 0
}

function sizeOf(value: Json | undefined): number {
  if (Array.isArray(value)) return value.length
  return isObject(value) ? Object.keys(value).length : 0
}
