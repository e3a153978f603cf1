import { describe, expect, it } from 'vitest'
import { generateKey } from '../contract/note-keys.ts'
import { checkAuditKeys } from './audit-keys.ts'

const [first, second, other] = [
  generateKey('example.com/a'),
  generateKey('example.com/a'),
  generateKey('example.com/b'),
]
const at = 'TEAMS_AUDIT_KEY'

describe('the text with the audit keys', () => {
  it.each([
    ['one key', first.privateKey],
    ['a key with the line break of its file', `${first.privateKey}\n`],
  ])('is %s', (_, value) => {
    const { signers, problems } = checkAuditKeys({ at, value })
    expect(problems).toEqual([])
    expect(signers.map(({ verifierKey }) => verifierKey)).toEqual([first.verifierKey])
  })

  it.each([' ', '\n', ' \r\n\t'])('is two keys with white space between them, the current one first', (between) => {
    const { signers } = checkAuditKeys({ at, value: `${second.privateKey}${between}${first.privateKey}` })
    expect(signers.map(({ verifierKey }) => verifierKey)).toEqual([second.verifierKey, first.verifierKey])
  })

  it.each([
    ['nothing', undefined, ['nothing']],
    ['an empty file', ' \n', ['text of 2 characters']],
    ['a number', 7, ['a number']],
    ['three keys', [first, second, other].map(({ privateKey }) => privateKey).join(' '), ['3 keys']],
    ['the public key', first.verifierKey, ['a verifier key']],
    ['a key twice', `${first.privateKey} ${first.privateKey}`, ['one key twice']],
    [
      'keys of two trees',
      `${first.privateKey} ${other.privateKey}`,
      ['keys of two names, example.com/a and example.com/b'],
    ],
    [
      'two wrong keys',
      `${first.privateKey.slice(0, -4)} ${second.privateKey.replace('example.com/a', 'example.com/c')}`,
      [expect.stringMatching(/ \(key 1\)$/), 'a key ID that belongs to another name or key (key 2)'],
    ],
    ['a wrong key beside a right one', `${first.privateKey} x`, ['a text of another form (key 2)']],
  ])('is refused where it is %s, with every problem and without the key', (_, value, found) => {
    const { signers, problems } = checkAuditKeys({ at, value })
    expect(signers).toEqual([])
    expect(problems).toEqual(
      found.map((text) => ({ code: 'invalid_settings', at, found: text, expected: expect.any(String) })),
    )
    for (const { privateKey } of [first, second, other])
      expect(JSON.stringify(problems)).not.toContain(privateKey.split('+')[4])
  })
})
