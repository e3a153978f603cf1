import { cleanText } from '../kernel/characters.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { FieldKind } from './fields.ts'
import type { Limits } from './fit.ts'
import type { Formatter } from './format.ts'
import type { ListRules } from './lists.ts'
import { type Strings, textAt, titleOfType } from './strings.ts'
import { cut, cutMiddle } from './text.ts'

/** Thrown where the texts exceed `Limits.total`; the renderer then tries the next draft. */
export class TooMuchText extends Error {}

const ANY: FieldKind = { kind: 'any' }

/** Converts an event's values for a card: cleaned, formatted, cut to the limits, never null or absent. */
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

  /** Title, type or correlation id: cleaned, and cut only by `Limits.ids`. */
  id(raw: string): string {
    return cut(cleanText(raw), this.#limits.ids)
  }

  /** Cleans and cuts a text. */
  text(raw: string): string {
    return this.#short(raw, (text) => cut(text, this.#limits.text))
  }

  /** Cleans a text of many lines and cuts it in its middle. */
  code(value: Json | undefined): string {
    return this.#short(this.#plain(value), (text) => cutMiddle(text, this.#limits.text))
  }

  /** A field for `data.<name>`: a text, or a list of the parts of each item that a repeated element shows. */
  shown(name: string, field: FieldKind, items: ReadonlySet<string>): Json {
    const value = ownField(this.#data, name)
    if (field.kind === 'map') return this.#entries(value, this.#maxItems(name))
    if (field.kind === 'list')
      return this.#list(value, this.#maxItems(name)).map((item) => this.#item(item, field.item, items))
    if (field.kind === 'object') return this.#object(value, field, new Set())
    return this.#scalar(name, value, field)
  }

  /** Number of hidden items of a list or map, including the items that the event only counts. */
  hidden(name: string): number {
    const { others } = this.#lists.get(name) ?? {}
    const counted = others === undefined ? 0 : ownField(this.#data, others)
    const left = Math.max(0, sizeOf(ownField(this.#data, name)) - this.#maxItems(name))
    return typeof counted === 'number' ? left + counted : left
  }

  /** A field for `raw.<name>`, with its own type, for conditions. Absent and null are empty text. */
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
    // Not cut: half a URL leads nowhere, or elsewhere.
    if (typeof value === 'string' && field.kind === 'url') return cleanText(value)
    const text = this.text(this.#plain(value))
    return this.#translation(name, text, field) ?? text
  }

  /** The translation of a text; undefined where there is none. */
  #translation(name: string, text: string, field: FieldKind): string | undefined {
    const names = field.kind === 'text' ? field.names : undefined
    if (names === undefined) return this.#translationOfValue(name, text)
    if (names === 'field') return textAt(this.#strings, 'field', text)
    const of = names === 'event_type' ? undefined : ownField(this.#data, names.valueOf)
    return typeof of === 'string' ? this.#translationOfValue(of, text) : titleOfType(this.#strings, text)
  }

  #translationOfValue(field: string, text: string): string | undefined {
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

  /** Maximum number of items of a list to show. */
  #maxItems(name: string): number {
    return Math.min(this.#limits.list, this.#lists.get(name)?.most ?? Number.POSITIVE_INFINITY)
  }

  #list(value: Json | undefined, maxItems: number): readonly Json[] {
    const list = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value as Json]
    this.#count(Math.min(list.length, maxItems) * 50)
    return list.slice(0, maxItems)
  }

  #entries(value: Json | undefined, maxItems: number): JsonObject[] {
    if (!isObject(value)) return []
    return this.#list(Object.entries(value) as [string, Json][], maxItems).map((entry) => {
      const [name, item] = entry as [string, Json]
      // A label's number gets no separators: 9090 may be a port.
      return { name: this.text(name), value: this.text(typeof item === 'number' ? String(item) : this.#plain(item)) }
    })
  }

  #item(item: Json, kind: FieldKind | undefined, names: ReadonlySet<string>): Json {
    if (kind?.kind === 'object' || names.size > 0) return this.#object(item, kind, names)
    return this.#scalar('', item, kind ?? ANY)
  }

  /** An object with every name that a template may use of it. */
  #object(value: Json | undefined, kind: FieldKind | undefined, names: ReadonlySet<string>): JsonObject {
    const fields = kind?.kind === 'object' ? kind.fields : new Map<string, FieldKind>()
    const from = isObject(value) ? (value as JsonObject) : {}
    const all = new Set([...fields.keys(), ...names])
    return Object.fromEntries(
      [...all].map((name) => [name, this.#scalar(name, ownField(from, name), fields.get(name) ?? ANY)]),
    )
  }

  /** Cleans and shortens a text; only the parts that may fit are cleaned. */
  #short(raw: string, shorten: (text: string) => string): string {
    const room = this.#limits.text * 2
    this.#count(Math.min(raw.length, this.#limits.text))
    if (raw.length <= room * 2) return shorten(cleanText(raw))
    return shorten(`${cleanText(raw.slice(0, room))}\n${cleanText(raw.slice(-room))}`)
  }

  #count(length: number): void {
    this.#total += length
    if (this.#total > this.#limits.total) throw new TooMuchText()
  }
}

/** An object's own field; never an inherited one. */
export function ownField(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** False for absent, null and empty values. */
export function isPresent(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || sizeOf(value) > 0
}

function sizeOf(value: Json | undefined): number {
  if (Array.isArray(value)) return value.length
  return isObject(value) ? Object.keys(value).length : 0
}
