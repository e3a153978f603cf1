import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AddressOptions, checkAddress, redactAddress } from './address.ts'

const SIG = 'Q7mZ0-todo_s3cr3tSignature'
const QUERY = `?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${SIG}`
const ID = '0123456789abcdef0123456789abcdef'
const NEW = `https://default0f1e2d.aa.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/${ID}/triggers/manual/paths/invoke${QUERY}`
const NONE: AddressOptions = { extraSuffixes: [] }

const code = (url: string, options: AddressOptions = NONE) => {
  const check = checkAddress(url, options)
  return check.ok ? 'ok' : check.code
}

describe('valid addresses', () => {
  it.each([
    NEW,
    `https://prod-12.uaenorth.logic.azure.com:443/workflows/${ID}/triggers/manual/paths/invoke${QUERY}`,
    `https://org1.ae.aa.environment.api.powerplatform.com/powerautomate/automations/direct/cu/7/workflows/${ID}/triggers/manual/paths/invoke${QUERY}`,
    `HTTPS://Prod-1.WestUS.Logic.Azure.Com/workflows/${ID}${QUERY}`,
    `https://prod-1.westus.logic.azure.com?sig=${SIG}`,
  ])('%s', (url) => {
    expect(code(url)).toBe('ok')
  })

  it('returns path and query byte for byte', () => {
    const tail = '/a%2Fb/%c3%A9/./x//y;z=1?sig=A%2BB%3d&sp=/t%2fr&sp=2&&e'
    expect(checkAddress(`https://x.logic.azure.com:443${tail}`, NONE)).toEqual({
      ok: true,
      origin: 'https://x.logic.azure.com',
      path: tail,
      sandbox: false,
    })
    expect(checkAddress(`https://x.logic.azure.com?sig=${SIG}`, NONE)).toMatchObject({ path: `/?sig=${SIG}` })
  })

  it('may have a further host suffix in each notation', () => {
    for (const suffix of ['hooks.claims.sa', '.hooks.claims.sa', '*.hooks.claims.sa', ' HOOKS.claims.sa ']) {
      const options = { extraSuffixes: [suffix] }
      expect(code(`https://hooks.claims.sa/x${QUERY}`, options)).toBe('ok')
      expect(code(`https://a.b.hooks.claims.sa:8443/x${QUERY}`, options)).toBe('ok')
      expect(code(`https://evilhooks.claims.sa/x${QUERY}`, options)).toBe('webhook_invalid')
      expect(code(`https://hooks.claims.sa.attacker.net/x${QUERY}`, options)).toBe('webhook_invalid')
    }
  })

  it('are not extended by an empty suffix', () => {
    for (const suffix of ['', ' ', '.', '*', '*.'])
      expect(code(`https://attacker.net/x${QUERY}`, { extraSuffixes: [suffix] })).toBe('webhook_invalid')
  })

  it('need sig for SAS and not for Entra', () => {
    const bare = `https://prod-1.westus.logic.azure.com/workflows/${ID}/triggers/manual/paths/invoke?api-version=1`
    expect(checkAddress(bare, NONE)).toMatchObject({
      code: 'webhook_invalid',
      found: expect.stringContaining('cut off'),
    })
    expect(code(`${bare}&sig=`)).toBe('webhook_invalid')
    expect(code(bare, { extraSuffixes: [], auth: 'entra' })).toBe('ok')
  })

  it('include the sandbox only at its origin', () => {
    const sandbox = 'http://127.0.0.1:8080/sandbox/channels/sre/webhook'
    expect(code(sandbox)).toBe('webhook_invalid')
    expect(checkAddress(sandbox, { extraSuffixes: [], allowSandbox: 'http://127.0.0.1:8080' })).toMatchObject({
      ok: true,
      sandbox: true,
    })
    expect(code(sandbox, { extraSuffixes: [], allowSandbox: 'http://127.0.0.1:8081' })).toBe('webhook_invalid')
    expect(
      code('http://127.0.0.1:8080@attacker.net/x', { extraSuffixes: [], allowSandbox: 'http://127.0.0.1:8080' }),
    ).toBe('webhook_invalid')
  })
})

describe('invalid addresses', () => {
  it.each([
    '',
    '  ',
    'placeholder',
    'PLACEHOLDER',
    'changeme',
    'change-me',
    'TODO',
    'tbd',
    'xxx',
    'your-webhook-url',
    '<your webhook URL>',
    `\${TEAMS_WEBHOOK_SRE}`,
    'https://...',
    'https://example.com/webhook',
    'https://hooks.example.com/x?sig=1',
    'https://placeholder/x?sig=1',
    'https://prod-123.westus.logic.azure.com:443/workflows/...',
    `https://prod-1.westus.logic.azure.com/workflows/placeholder/triggers${QUERY}`,
    'https://prod-1.westus.logic.azure.com/workflows/1/triggers?sig=changeme',
    'https://prod-1.westus.logic.azure.com/workflows/<id>/triggers?sig=<sig>',
  ])('%j is a placeholder', (url) => {
    expect(code(url)).toBe('webhook_placeholder')
  })

  it.each([
    'https://contoso.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4',
    'https://webhook.office.com/webhookb2/1',
    'https://outlook.office.com/webhook/1@2/IncomingWebhook/3/4',
    'https://outlook.office365.com/webhookb2/1',
  ])('%s is webhook_retired, with what to do', (url) => {
    expect(checkAddress(url, NONE)).toMatchObject({
      code: 'webhook_retired',
      expected: expect.stringContaining('workflow'),
    })
    expect(code(url, { extraSuffixes: ['office.com', 'office365.com'] })).toBe('webhook_retired')
  })

  it.each([
    ['another host', `https://attacker.net/x${QUERY}`],
    ['the suffix in the middle', `https://evil-logic.azure.com.attacker.net/x${QUERY}`],
    ['the suffix without its dot', `https://notlogic.azure.com/x${QUERY}`],
    ['the suffix alone', `https://logic.azure.com/x${QUERY}`],
    ['the suffix in the user name', `https://x.logic.azure.com@attacker.net/x${QUERY}`],
    ['the suffix before a backslash', `https://attacker.net\\.logic.azure.com/x${QUERY}`],
    ['a user', `https://user:pass@x.logic.azure.com/x${QUERY}`],
    ['an empty user', `https://@x.logic.azure.com/x${QUERY}`],
    ['no TLS', `http://x.logic.azure.com/x${QUERY}`],
    ['another scheme', `ftp://x.logic.azure.com/x${QUERY}`],
    ['no scheme', `x.logic.azure.com/x${QUERY}`],
    ['one slash', `https:/x.logic.azure.com/x${QUERY}`],
    ['a fragment', `https://x.logic.azure.com/x${QUERY}#top`],
    ['a line break at the end', `${NEW}\n`],
    ['a tab inside', NEW.replace('workflows', 'work\tflows')],
    ['letters that no URL has', `https://x.logic.azure.com/مرحبا${QUERY}`],
    ['quotes around it', `"${NEW}"`],
    ['a host that ends in a dot', `https://x.logic.azure.com./x${QUERY}`],
    ['too many characters', `${NEW}${'a'.repeat(16_384)}`],
  ])('%s', (_what, url) => {
    expect(code(url)).toBe('webhook_invalid')
  })
})

describe('properties', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
  const host = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    fc
      .tuple(label, fc.constantFrom('.logic.azure.com', 'logic.azure.com', '.environment.api.powerplatform.com'))
      .map((p) => p.join('')),
    fc.tuple(label, label).map(([a, b]) => `${a}.logic.azure.com.${b}`),
  )

  it('accepts a host exactly when its last labels are those of a known suffix and there are more', () => {
    fc.assert(
      fc.property(host, (name) => {
        fc.pre(URL.canParse(`https://${name}/`) && new URL(`https://${name}/`).hostname === name)
        const labels = name.split('.')
        const below = (suffix: string) =>
          labels.length > suffix.split('.').length && labels.slice(-suffix.split('.').length).join('.') === suffix
        const expected = below('logic.azure.com') || below('environment.api.powerplatform.com')
        expect(checkAddress(`https://${name}/w/1?sig=${SIG}`, NONE).ok).toBe(expected)
      }),
    )
  })

  it('posts to the host that was checked: origin and path together are the text that was given', () => {
    const tail = fc
      .array(fc.constantFrom(...'abz09/?&=%.;:@,+~!*()$-_\\ #"\t', '%2F', '..', '//', '@evil.net'), { maxLength: 12 })
      .map((parts) => parts.join(''))
    let accepted = 0
    fc.assert(
      fc.property(
        tail,
        fc.constantFrom('/', '?'),
        fc.constantFrom('', ':443', ':8443', '@', '\\'),
        (end, start, middle) => {
          const url = `https://x.logic.azure.com${middle}${start}${end}`
          const check = checkAddress(url, { extraSuffixes: [], auth: 'entra' })
          expect(check.ok || check.code.startsWith('webhook_')).toBe(true)
          if (!check.ok) return
          accepted += 1
          expect(new URL(check.origin + check.path).href).toBe(new URL(url).href)
          expect(new URL(check.origin).hostname).toBe('x.logic.azure.com')
          expect(check.path).toBe(start === '/' ? `/${end}` : `/?${end}`)
        },
      ),
      { numRuns: 500 },
    )
    expect(accepted).toBeGreaterThan(10)
  })

  it('never throws, and never quotes the URL', () => {
    const text = fc.oneof(fc.string(), fc.webUrl(), fc.constant('https://'), fc.stringMatching(/^[a-z]{12,20}$/))
    fc.assert(
      fc.property(text, fc.constantFrom('', 'https://', 'https://x.logic.azure.com/'), (value, before) => {
        const secret = `k3y${value}k3y`
        const check = checkAddress(before + secret, NONE)
        expect(JSON.stringify(check.ok ? '' : check)).not.toContain('k3y')
      }),
    )
  })

  it('stores host and shape of the path, and no id, key or query', () => {
    expect(redactAddress(NEW)).toBe(
      'https://default0f1e2d.aa.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/…/triggers/manual/paths/invoke',
    )
    expect(redactAddress('http://127.0.0.1:8080/sandbox/channels/sre/webhook')).toBe(
      'http://127.0.0.1:8080/sandbox/channels/…/webhook',
    )
    expect(redactAddress('https://u:p@h.sa/key/x?sig=1#f')).toBe('https://h.sa/…/…')
    for (const url of ['', 'placeholder', 'file:///etc/passwd', 'data:text/plain,x'])
      expect(redactAddress(url)).toBe('…')
    const word = fc.stringMatching(/^[A-Za-z0-9_-]{3,40}$/).map((text) => `k3y${text}`)
    fc.assert(
      fc.property(word, word, word, word, (user, segment, query, fragment) => {
        const shown = redactAddress(
          `https://${user}:${query}@h.logic.azure.com/workflows/${segment}/x?sig=${query}&${segment}#${fragment}`,
        )
        expect(shown).toBe('https://h.logic.azure.com/workflows/…/…')
      }),
    )
  })
})
