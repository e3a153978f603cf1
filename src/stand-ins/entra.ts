import '../kernel/require-node.ts'

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { newId } from '../kernel/ids.ts'
import { createEntraSignIn, type EntraSignInOptions, type IdTokenChanges } from './entra-sign-in.ts'

/** The stand-in's only application. */
export interface EntraStandInOptions {
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: string
  /** The only scope that it grants, for example `https://service.flow.microsoft.com//.default`. */
  readonly scope: string
  /** Lifetime of tokens, in seconds; by default 3599, as Entra's. */
  readonly expiresIn?: number
  readonly port?: number
  /** People of the tenant and redirect URIs, for signing in; without it the stand-in only gives tokens to programs. */
  readonly signIn?: EntraSignInOptions
}

/** The answer to the next request instead of a token. */
export type EntraFault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** The connection is closed without an answer. */
  | { readonly kind: 'cut' }
  /** No answer until the caller disconnects. */
  | { readonly kind: 'hang' }

/** A running stand-in for Entra. */
export interface EntraStandIn {
  /** Value for TEAMS_ENTRA_AUTHORITY. */
  readonly authority: string
  /** Number of token requests, refused ones included. */
  requests(): number
  /** Queues a fault for the next request; several apply to the next requests in order. */
  failNext(fault: EntraFault): void
  /** Changes the next id token, to try what a program refuses. */
  changeNextIdToken(changes: IdTokenChanges): void
  close(): Promise<void>
}

/** An error answer of Entra: status, OAuth error, number of the AADSTS error, description. */
type Refusal = readonly [status: number, error: string, number: number, description: string]

/**
 * Starts an HTTP server that behaves like `https://login.microsoftonline.com` for the client credentials grant and, with
 * `signIn`, for signing people in with OpenID Connect. It refuses a wrong tenant, client, secret, scope or grant with Entra's statuses and error bodies. Its tokens are JWTs
 * (RS256) with the claims that a flow checks; their public key is at `/{tenant}/discovery/v2.0/keys`. For tests, and
 * for trying a channel with `auth: entra` without a tenant.
 */
export async function startEntraStandIn(options: EntraStandInOptions): Promise<EntraStandIn> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const keyId = newId()
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, use: 'sig', alg: 'RS256' }
  const expiresIn = options.expiresIn ?? 3599
  const signIn =
    options.signIn &&
    createEntraSignIn({
      ...options,
      signIn: options.signIn,
      key: { privateKey, jwk },
      otherKey: async () => (await generateKeyPair('RS256')).privateKey,
    })
  const faults: EntraFault[] = []
  let requests = 0

  async function token(): Promise<string> {
    return new SignJWT({ appid: options.clientId, oid: options.clientId, tid: options.tenantId, ver: '1.0' })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: keyId })
      .setIssuer(`https://sts.windows.net/${options.tenantId}/`)
      .setAudience(options.scope.replace(/\/\.default$/, ''))
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime(`${expiresIn}s`)
      .setJti(newId())
      .sign(privateKey)
  }

  function refusalOf(tenant: string, form: URLSearchParams): Refusal | undefined {
    if (tenant !== options.tenantId)
      return [
        400,
        'invalid_request',
        90002,
        `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`,
      ]
    const redeems = signIn !== undefined && form.get('grant_type') === 'authorization_code'
    for (const name of ['grant_type', 'client_id', redeems ? 'code' : 'scope'])
      if (!form.get(name))
        return [400, 'invalid_request', 900144, `The request body must contain the following parameter: '${name}'.`]
    if (!redeems && form.get('grant_type') !== 'client_credentials')
      return [400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.']
    if (form.get('client_id') !== options.clientId)
      return [
        400,
        'unauthorized_client',
        700016,
        `Application with identifier '${form.get('client_id')}' was not found.`,
      ]
    if (!form.get('client_secret'))
      return [401, 'invalid_client', 7000218, "The request body must contain: 'client_assertion' or 'client_secret'."]
    if (form.get('client_secret') !== options.clientSecret)
      return [
        401,
        'invalid_client',
        7000215,
        'Invalid client secret provided. Send the secret value, not the secret ID.',
      ]
    if (redeems) return undefined
    if (!form.get('scope')?.endsWith('/.default'))
      return [400, 'invalid_scope', 1002012, 'Client credential flows must have a scope value with /.default suffixed.']
    if (form.get('scope') !== options.scope)
      return [400, 'invalid_resource', 500011, 'The resource principal was not found in the tenant.']
    return undefined
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://host')
    if (request.method === 'GET' && path === `/${options.tenantId}/discovery/v2.0/keys`)
      return send(response, 200, { keys: [jwk] })
    if (signIn && request.method === 'GET' && path === `/${options.tenantId}/v2.0/.well-known/openid-configuration`)
      return send(response, 200, signIn.metadata(authority()))
    if (signIn && request.method === 'GET' && path === `/${options.tenantId}/oauth2/v2.0/authorize`) {
      const page = signIn.authorize(searchParams)
      if ('location' in page) response.writeHead(302, { location: page.location })
      else response.writeHead(page.status, { 'content-type': 'text/html; charset=utf-8' })
      response.end('html' in page ? page.html : '')
      return
    }
    const tenant = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(path)?.[1]
    if (request.method !== 'POST' || tenant === undefined) return send(response, 404, {})
    const form = new URLSearchParams(await bodyOf(request))
    requests += 1
    const fault = faults.shift()
    if (fault?.kind === 'cut') return void request.socket.destroy()
    if (fault?.kind === 'hang') return
    if (fault) {
      response.writeHead(fault.status, { 'content-type': 'application/json; charset=utf-8' })
      response.end(fault.body ?? '')
      return
    }
    let refusal = refusalOf(decodeURIComponent(tenant), form)
    if (!refusal) {
      const redeemed =
        form.get('grant_type') === 'authorization_code' ? await signIn?.redeem(form, authority()) : undefined
      const tokens = redeemed !== undefined && 'idToken' in redeemed ? { id_token: redeemed.idToken } : {}
      if (redeemed === undefined || 'idToken' in redeemed)
        return send(response, 200, {
          token_type: 'Bearer',
          expires_in: expiresIn,
          ext_expires_in: expiresIn,
          access_token: await token(),
          ...tokens,
        })
      refusal = redeemed
    }
    const [status, error, number, description] = refusal
    const [traceId, correlationId, timestamp] = [
      newId(),
      newId(),
      new Date().toISOString().replace(/T(.*)\..*/, ' $1Z'),
    ]
    send(response, status, {
      error,
      error_description: `AADSTS${number}: ${description} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const authority = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await listen(server, options.port ?? 0)
  return {
    authority: authority(),
    requests: () => requests,
    failNext: (fault) => void faults.push(fault),
    changeNextIdToken: (changes) => signIn?.changeNextIdToken(changes),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store, no-cache',
  })
  response.end(JSON.stringify(body))
}
