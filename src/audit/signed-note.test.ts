import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { generateKey, InvalidKey, readSigner, readVerifier } from '../contract/note-keys.ts'
import { InvalidNote, type InvalidNoteCode, openNote, signNote } from './signed-note.ts'

// The example of https://c2sp.org/signed-note.
const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const EXAMPLE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`

// The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note: a published key, which signs nothing else.
const GO_PRIVATE = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const GO_NOTE = `${GO_TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`

// A checkpoint of a log for Certificate Transparency, and keys of the log and of one of its witnesses.
const CT_LOG = 'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f'
const CT_WITNESS = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2'
const CT_CHECKPOINT = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
`

const refusal = (note: string, ...keys: string[]): InvalidNoteCode | 'opened' => {
  try {
    openNote(note, keys.map(readVerifier))
    return 'opened'
  } catch (error) {
    if (error instanceof InvalidNote) return error.code
    throw error
  }
}

describe('openNote', () => {
  it('verifies the published examples', () => {
    const opened = openNote(EXAMPLE, [readVerifier(GO_KEY), readVerifier(EXAMPLE_KEY)])
    expect(opened.text).toBe('This is an example message.\n')
    expect(opened.verifiedBy.map(({ name, keyId, kind }) => [name, keyId, kind])).toEqual([
      ['example.com/foo', '530d903a', 'signature'],
    ])
    expect(opened.unverified).toBe(0)
    expect(openNote(GO_NOTE, [readVerifier(GO_KEY)]).text).toBe(GO_TEXT)
  })

  it('verifies the log and the witness of a public log, and counts the lines of unknown keys', () => {
    const opened = openNote(CT_CHECKPOINT, [readVerifier(CT_LOG), readVerifier(CT_WITNESS)])
    expect(opened.verifiedBy.map(({ name, kind }) => [name, kind])).toEqual([
      ['arche2025h1.staging.ct.transparency.dev', 'signature'],
      ['remora.n621.de', 'cosignature'],
    ])
    expect(opened.cosignatures.map(({ by, atSeconds }) => [by.name, atSeconds])).toEqual([
      ['remora.n621.de', 0x6a122120],
    ])
    expect(opened.unverified).toBe(2)
  })

  it('refuses a text, a signature and a time of a cosignature that were changed in one character', () => {
    for (const note of [
      EXAMPLE.replace('example message', 'axample message'),
      EXAMPLE.replace('Uw2QOkn8', 'Uw2QOkn9'),
    ]) {
      expect(refusal(note, EXAMPLE_KEY)).toBe('wrong_signature')
    }
    expect(refusal(CT_CHECKPOINT.replace('1432088532', '1432088533'), CT_WITNESS)).toBe('wrong_signature')
    expect(refusal(CT_CHECKPOINT.replace('2net5wAAAABqEiEg', '2net5wAAAABqEiEh'), CT_WITNESS)).toBe('wrong_signature')
  })

  it('refuses a note that one known key signed and another known key did not', () => {
    const broken = CT_CHECKPOINT.replace('PlfF3V06', 'PlfF3V07')
    expect(refusal(broken, CT_LOG)).toBe('opened')
    expect(refusal(broken, CT_LOG, CT_WITNESS)).toBe('wrong_signature')
  })

  it('refuses a known key whose signature has another length', () => {
    const short = Buffer.concat([Buffer.from('530d903a', 'hex'), Buffer.alloc(63)]).toString('base64')
    expect(refusal(`text\n\n— example.com/foo ${short}\n`, EXAMPLE_KEY)).toBe('wrong_signature')
    expect(refusal(`text\n\n— remora.n621.de ${short.replace('Uw2QOg', '2net5w')}\n`, CT_WITNESS)).toBe(
      'wrong_signature',
    )
  })

  it('refuses a note by unknown keys only, also one that shares the name or the key ID', () => {
    expect(refusal(EXAMPLE, GO_KEY)).toBe('unknown_keys')
    expect(refusal(EXAMPLE)).toBe('unknown_keys')
    const other = generateKey('example.com/foo')
    expect(refusal(EXAMPLE, other.verifierKey)).toBe('unknown_keys')
    expect(refusal(EXAMPLE.replace('example.com/foo', 'example.com/bar'), EXAMPLE_KEY)).toBe('unknown_keys')
    expect(() => openNote(EXAMPLE, [])).toThrow('it is signed by example.com/foo (key 530d903a)')
  })

  it.each([
    ['nothing', ''],
    ['no signature', 'text\n'],
    ['no signature after the empty line', 'text\n\n'],
    ['no text', EXAMPLE.slice(EXAMPLE.indexOf('\n—'))],
    ['no last line feed', EXAMPLE.trimEnd()],
    ['a carriage return', EXAMPLE.replace('.\n', '.\r\n')],
    ['a tab', EXAMPLE.replace(' an ', '\tan ')],
    ['half a character', EXAMPLE.replace('an', '\ud800')],
    ['a hyphen for the em dash', EXAMPLE.replace('—', '-')],
    ['two spaces', EXAMPLE.replace('— ', '—  ')],
    ['a space after the signature', EXAMPLE.replace('QM=', 'QM= ')],
    ['a name with a plus sign', EXAMPLE.replace('com/foo', 'com+foo')],
    ['a name with a Unicode space', EXAMPLE.replace('com/foo', 'com\u2003foo')],
    ['base64 without padding', EXAMPLE.replace('QM=', 'QM')],
    ['base64 with unused bits', EXAMPLE.replace('QM=', 'QN=')],
    ['URL-safe base64', GO_NOTE.replace('/ZJ', '_ZJ')],
    ['a signature without bytes', 'text\n\n— example.com/foo Uw2QOg==\n'],
    ['a further line that is no signature', `${EXAMPLE}more\n`],
    ['more than 100 signatures', `text\n\n${'— a AAAAAAA=\n'.repeat(101)}`],
    ['more than a million characters', `${'x'.repeat(1_000_000)}${EXAMPLE}`],
  ])('refuses as malformed: %s', (_, note) => {
    expect(refusal(note, EXAMPLE_KEY)).toBe('malformed')
  })

  it('accepts a text with empty lines and other alphabets, and 16 signatures', () => {
    const keys = Array.from({ length: 16 }, (_, i) => generateKey(`سجل.example/${i}`))
    for (const text of ['a\n\nb\n', 'a\n\n', '\n', 'اعتماد\n', '\n\n— a b\n']) {
      const opened = openNote(
        signNote(
          text,
          keys.map((key) => readSigner(key.privateKey)),
        ),
        keys.map((key) => readVerifier(key.verifierKey)),
      )
      expect([opened.text, opened.verifiedBy.length]).toEqual([text, 16])
    }
  })

  describe('with one key pair as log and as cosigner', () => {
    const pair = generateKeyPairSync('ed25519')
    const publicBytes = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const keyOf = (type: number) => {
      const material = Buffer.concat([Buffer.of(type), publicBytes])
      const keyId = hash('sha256', Buffer.concat([Buffer.from('w.example\n'), material]), 'hex').slice(0, 8)
      return { keyId, text: `w.example+${keyId}+${material.toString('base64')}` }
    }
    const log = keyOf(1)
    const cosigner = keyOf(4)
    const note = ({ keyId }: { keyId: string }, ...signature: Buffer[]) =>
      `text\n\n— w.example ${Buffer.concat([Buffer.from(keyId, 'hex'), ...signature]).toString('base64')}\n`
    const signed = sign(null, Buffer.from('text\n'), pair.privateKey)
    const time = (seconds: bigint) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64BE(seconds)
      return bytes
    }
    const cosigned = (seconds: bigint) =>
      sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\ntext\n`), pair.privateKey)

    it('takes each for what it is', () => {
      expect(openNote(note(log, signed), [readVerifier(log.text)]).cosignatures).toEqual([])
      const opened = openNote(note(cosigner, time(7n), cosigned(7n)), [readVerifier(cosigner.text)])
      expect(opened.cosignatures.map(({ atSeconds }) => atSeconds)).toEqual([7])
    })

    it.each([
      ['a signature as a cosignature', note(cosigner, signed)],
      ['a signature after a time', note(cosigner, time(7n), signed)],
      ['a cosignature as a signature', note(log, cosigned(7n))],
      ['a cosignature with another time', note(cosigner, time(8n), cosigned(7n))],
      ['a time that a number can not hold', note(cosigner, time(2n ** 53n), cosigned(2n ** 53n))],
    ])('refuses %s', (_, refused) => {
      expect(refusal(refused, log.text, cosigner.text)).toBe('wrong_signature')
    })

    it('does not sign with a private key of the cosigner type', () => {
      const seed = Buffer.from(pair.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
      const text = `PRIVATE+KEY+w.example+${cosigner.keyId}+${Buffer.concat([Buffer.of(4), seed]).toString('base64')}`
      expect(() => readSigner(text)).toThrow('a key of type 04; expected type 01 (Ed25519)')
    })
  })
})

describe('signNote', () => {
  it('writes the published note with the published key', () => {
    expect(signNote(GO_TEXT, [readSigner(GO_PRIVATE)])).toBe(GO_NOTE)
  })

  it('refuses a text without a last line feed or with other control characters, and no signer', () => {
    const signers = [readSigner(GO_PRIVATE)]
    for (const text of ['', 'text', 'a\tb\n', 'a\r\n', '\ud800\n'])
      expect(() => signNote(text, signers)).toThrow(InvalidNote)
    expect(() => signNote('text\n', [])).toThrow('at least one signature')
  })
})

describe('keys', () => {
  it('are made in pairs, a new one each time', () => {
    const first = generateKey('example.com/log')
    const second = generateKey('example.com/log')
    expect(first.privateKey).toMatch(/^PRIVATE\+KEY\+example\.com\/log\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/)
    expect(readSigner(`${first.privateKey}\n`).verifierKey).toBe(first.verifierKey)
    expect(readVerifier(`${first.verifierKey}\n`).keyId).toBe(readSigner(first.privateKey).keyId)
    expect(first.privateKey).not.toBe(second.privateKey)
    expect(readSigner(GO_PRIVATE).verifierKey).toBe(GO_KEY)
  })

  it.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u0085b', 'a\nb', '\u3000'])('refuse the name %j', (name) => {
    expect(() => generateKey(name)).toThrow(InvalidKey)
  })

  it.each([
    ['nothing', '', 'without three parts'],
    ['a private key', GO_PRIVATE, 'a private key; expected a verifier key'],
    ['no name', GO_KEY.replace('PeterNeumann', ''), 'a key name that can not be used'],
    ['another name', GO_KEY.replace('Peter', 'Petra'), 'a key ID that belongs to another name or key'],
    ['another key', GO_KEY.replace('2QcU', '2QcV'), 'a key ID that belongs to another name or key'],
    ['a key ID in capitals', GO_KEY.replace('c74f', 'C74F'), '8 hexadecimal digits'],
    ['a key that is too long', 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==', 'base64'],
    ['a key that is too short', 'PeterNeumann+cc469956+ARpc', 'of 3 bytes; expected 33 bytes'],
    ['another algorithm', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'a key of type 65'],
  ])('a verifier key is refused: %s', (_, text, message) => {
    expect(() => readVerifier(text)).toThrow(InvalidKey)
    expect(() => readVerifier(text)).toThrow(message)
  })

  it('a private key with any part cut off or any character changed is refused, and stands in no message', () => {
    const secret = GO_PRIVATE.slice(-44)
    const mangled = Array.from(GO_PRIVATE, (character, i) => [
      GO_PRIVATE.slice(0, i),
      GO_PRIVATE.slice(i + 1),
      `${GO_PRIVATE.slice(0, i)}${character === 'A' ? 'B' : 'A'}${GO_PRIVATE.slice(i + 1)}`,
    ]).flat()
    for (const text of [...mangled, GO_KEY, secret]) {
      let message = 'nothing was thrown'
      try {
        readSigner(text)
      } catch (error) {
        message =
          error instanceof InvalidKey ? (inspect(error).split('\n    at ')[0] ?? '') : 'another error was thrown'
      }
      expect(message).toContain('expected')
      // Five characters of the key in a row would be a part of it.
      for (let i = 0; i + 5 <= secret.length; i += 1) expect(message).not.toContain(secret.slice(i, i + 5))
    }
  })

  it('a signer shows nothing of its key when it is printed', () => {
    const signer = readSigner(GO_PRIVATE)
    const printed = inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify(signer)
    expect(printed).toContain('PeterNeumann')
    // The first bytes of the seed: in hex, as a buffer, in base64 with and without the type.
    for (const seed of ['810a14', '81 0a 14', 'gQoU', 'AYEK'])
      expect(printed.toLowerCase()).not.toContain(seed.toLowerCase())
  })
})
