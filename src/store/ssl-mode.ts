/** Modes in which libpq does not check the server's certificate, or not its name, and in which `pg` checks both. */
const READ_AS_VERIFY_FULL = /([?&]sslmode=)(allow|prefer|require|verify-ca)(?=&|$)/

/** The `sslmode` of a connection string; undefined where it says none. */
export function sslModeOf(url: string): string | undefined {
  return /[?&]sslmode=([^&]*)/.exec(url)?.[1]
}

/**
 * The connection string with the mode that `pg` goes by. `pg` takes every mode that uses TLS as `verify-full`, and says in
 * lines of its own on stderr, which are no JSON, that a later version will not. Said here, it means the same in every version.
 *
 * Rejected: to take `require` as libpq does. Whoever relies on today's check would lose it without a word. Who wants that
 * says it, with `no-verify` or `uselibpqcompat=true`.
 */
export function withExplicitSslMode(url: string): string {
  return /[?&]uselibpqcompat=true(&|$)/.test(url) ? url : url.replace(READ_AS_VERIFY_FULL, '$1verify-full')
}
