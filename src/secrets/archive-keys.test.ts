import { describe, expect, it } from 'vitest'
import { generateArchiveKey } from '../contract/archive-keys.ts'
import { checkArchiveKeys } from './archive-keys.ts'

const [first, second] = [generateArchiveKey(), generateArchiveKey()]
const at = 'TEAMS_ARCHIVE_KEYS'
const many = Array.from({ length: 11 }, () => generateArchiveKey().text).join('\n')

describe('the text with the archive keys', () => {
  it.each([' ', '\n', '\r\n\t'])('is keys with white space between them, the newest first', (between) => {
    const { keys, problems } = checkArchiveKeys({ at, value: `${second.text}${between}${first.text}\n` })
    expect(problems).toEqual([])
    expect(keys.map(({ id }) => id)).toEqual([second.id, first.id])
  })

  it.each([
    ['nothing', undefined, ['nothing']],
    ['an empty file', ' \n', ['text of 2 characters']],
    ['eleven keys', many, ['11 keys']],
    ['a key twice', `${first.text} ${first.text}`, ['one key twice (key 2)']],
    ['a key of another length', first.text.slice(0, -5), ['a text of another form']],
    ['the id of another key', first.text.replace(first.id, second.id), ['an id that belongs to another key']],
    ['a wrong key beside a right one', `${first.text} x`, ['a text of another form (key 2)']],
  ])('is refused where it is %s, without the key', (_, value, found) => {
    const { keys, problems } = checkArchiveKeys({ at, value })
    expect(keys).toEqual([])
    expect(problems).toEqual(
      found.map((text) => ({ code: 'invalid_settings', at, found: text, expected: expect.any(String) })),
    )
    expect(JSON.stringify(problems)).not.toContain(first.text.split('+').slice(3).join('+'))
  })
})
