import type { Caller, Scope } from './auth.ts'

/** What a request makes the gateway do. Each kind has limits of its own, so that who reads much holds up nobody who sends. */
export type Work = 'send' | 'read' | 'change'

// In one place: a file that had only some of these would make the others errors for whoever compiles it alone.
declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller of this route must be allowed; nobody is asked without. */
    scope?: Scope
    /** True where a signature over the body does instead of a token. */
    signable?: boolean
    /** True where people come with a browser: it is then told to ask them for a token, as the password of any user. */
    browser?: boolean
    /** What a request of this route makes the gateway do; absent where it costs next to nothing. */
    work?: Work
  }
  interface FastifyRequest {
    /** Who calls, once that is known; null on routes that ask nobody. */
    caller: Caller | null
    /** Aborted when the caller hangs up. */
    gone: AbortSignal | null
  }
}
