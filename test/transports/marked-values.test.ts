import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/kernel/secret.ts'
import { startEntraStandIn } from '../../src/stand-ins/entra.ts'
import type { Outcome } from '../../src/transports/transport.ts'
import { CHANNEL, MARKED, PATH, QUERY, receiverFor, requestTo, transportFor } from './post.ts'
import { makeCertificate } from './receiver.ts'

/** Answers that give back what was sent in every place from which an outcome is made. */
const ECHOES = [MARKED.sig, MARKED.hmac, MARKED.patient, `x.${MARKED.sig}`, encodeURIComponent(MARKED.sig)]

describe('marked values', () => {
  it('are in no outcome, for any answer that quotes them and any failure', async () => {
    const outcomes: Outcome[] = []
    let next: { status: number; body: string; headers?: Record<string, string> } | 'reset' | 'hang' = 'reset'
    const receiver = await receiverFor((response, post) => {
      if (next === 'reset') return void response.socket?.resetAndDestroy()
      if (next === 'hang') return
      response.writeHead(next.status, next.headers)
      response.end(next.body.replace('WHOLE', JSON.stringify(post.body)))
    })
    const transport = transportFor(receiver, { timeoutMs: 300 })
    const send = async (how: typeof next, url = `${receiver.origin}${PATH}${QUERY}`) => {
      next = how
      outcomes.push(
        await transport.send(requestTo(receiver, { address: new Secret(url), correlationId: MARKED.patient })),
      )
    }
    for (const status of [200, 202, 302, 400, 401, 404, 413, 429, 500])
      for (const text of ECHOES) {
        const headers = { 'retry-after': text, location: `http://127.0.0.1/?sig=${text}`, 'x-ms-error-code': text }
        await send({ status, body: JSON.stringify({ error: { code: text, message: text } }), headers })
        await send({ status, body: JSON.stringify({ error: text, code: text }), headers })
        await send({ status, body: `Webhook message delivery failed with error: HTTP error ${text}`, headers })
      }
    await send({ status: 400, body: '{"error":{"code":WHOLE}}' })
    await send('reset')
    await send('hang')
    for (const url of [
      MARKED.sig,
      `https://${MARKED.sig}/x${QUERY}`,
      `https://${MARKED.sig}.logic.azure.com:99999/x${QUERY}`,
      `https://${MARKED.sig}:${MARKED.sig}@x.logic.azure.com/${QUERY}`,
      `http://x.logic.azure.com/${MARKED.sig}${QUERY}`,
      `https://x.webhook.office.com/webhookb2/${MARKED.sig}`,
      `https://x.logic.azure.com/${MARKED.sig}/...${QUERY}`,
      `${receiver.origin}/${MARKED.sig} ${QUERY}`,
      `https://localhost:1/${MARKED.sig}${QUERY}`,
    ])
      await send('reset', url)
    expect(outcomes).toHaveLength(9 * ECHOES.length * 3 + 12)
    expect(new Set(outcomes.map((outcome) => outcome.name)).size).toBeGreaterThan(8)
    const text = JSON.stringify(outcomes)
    expect(text).not.toContain('MARKED')
    expect(text).not.toContain('sig=')
  })

  it('are in no outcome of a channel with a token', async () => {
    const certificate = makeCertificate()
    const entra = await startEntraStandIn({
      tenantId: 't',
      clientId: 'c',
      clientSecret: MARKED.clientSecret,
      scope: 's/.default',
    })
    try {
      const receiver = await receiverFor((response, post) => {
        response.writeHead(401, { 'www-authenticate': String(post.headers.authorization) })
        const token = String(post.headers.authorization).slice(7)
        response.end(JSON.stringify({ error: { code: token.split('.')[2]?.slice(0, 64), message: token } }))
      }, certificate)
      const transport = transportFor(undefined, {
        tls: { minVersion: 'TLSv1.3', ca: certificate.cert },
        entra: {
          authority: entra.authority,
          tenantId: 't',
          clientId: 'c',
          clientSecret: new Secret(MARKED.clientSecret),
          scope: 's/.default',
        },
      })
      const send = () => transport.send(requestTo(receiver, { channel: { ...CHANNEL, auth: 'entra' } }))
      expect(await send()).toMatchObject({ name: 'unauthorized', errorCode: undefined })
      for (const body of [MARKED.clientSecret, `x-${MARKED.clientSecret}`, MARKED.clientSecret.slice(3)]) {
        entra.failNext({ kind: 'status', status: 401, body: JSON.stringify({ error: body, error_description: body }) })
        const outcome = await send()
        expect(outcome.name).toBe('token_unavailable')
        expect(JSON.stringify(outcome)).not.toMatch(/KED|secret/)
      }
    } finally {
      await entra.close()
    }
  })
})
