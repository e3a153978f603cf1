import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import type { ActionName } from '../../src/contract/actions.ts'
import { linkKeyOf, signToken, unsignedToken } from '../../src/contract/link-token.ts'
import { createPublicServer, type PublicServerOptions } from '../../src/http/public/server.ts'
import { createLog } from '../../src/kernel/log.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { createMemoryActing, type MemoryActing } from './memory-acting.ts'

export const KEY = linkKeyOf(new Secret('link-secret-of-the-tests-0123456789'))

/** A public listener on a free port with use cases in memory; closed when the test is over. */
export async function startListener(
  options: Partial<Omit<PublicServerOptions, 'service'>> & { readonly service?: MemoryActing } = {},
) {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const service = options.service ?? createMemoryActing()
  let origin = ''
  const server = createPublicServer({
    host: '127.0.0.1',
    port: 0,
    publicUrl: () => origin,
    keys: () => [KEY],
    now: () => new Date(),
    log: createLog('debug', destination),
    metrics: createMetrics(),
    signIn: undefined,
    typedNames: true,
    signedInHours: 8,
    timeZone: 'Asia/Riyadh',
    titleOf: (type, language) => EVENT_TYPES[type as keyof typeof EVENT_TYPES]?.words[language].title ?? type,
    shutdownTimeout: 5,
    ...options,
    service,
  })
  onTestFinished(() => server.stop())
  origin = (await server.start()).origin
  return { origin, service, lines, server }
}

/** A link's token for a notification of the use cases in memory. */
export function tokenFor(service: MemoryActing, action: ActionName = 'acknowledge', expiresInMs = 86_400_000): string {
  const expiresAt = new Date(Date.now() + expiresInMs)
  return signToken(unsignedToken({ notificationId: service.notification.id, action, expiresAt }), KEY)
}

/** A browser without a page: keeps cookies, follows no redirect. */
export function createBrowser(origin: string) {
  const jar = new Map<string, string>()
  async function call(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(new URL(path, origin), {
      redirect: 'manual',
      ...init,
      headers: { ...(cookie === '' ? {} : { cookie }), ...(init.headers as Record<string, string> | undefined) },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  return {
    jar,
    get: (path: string, headers: Record<string, string> = {}) => call(path, { headers }),
    /** Fetches a page and returns the fields of its form. */
    async form(path: string): Promise<URLSearchParams> {
      const text = await (await call(path)).text()
      const hidden = [...text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
      return new URLSearchParams(hidden.map(([, name = '', value = '']): [string, string] => [name, value]))
    },
    post: (path: string, form: URLSearchParams, headers: Record<string, string> = {}) =>
      call(path, {
        method: 'POST',
        body: form.toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin, ...headers },
      }),
  }
}

/** A form with further fields. */
export function filled(form: URLSearchParams, fields: Record<string, string>): URLSearchParams {
  return new URLSearchParams([...form, ['do', 'act'], ...Object.entries(fields)])
}
