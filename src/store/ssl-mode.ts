/** Modes in which libpq does not check the server's certificate, or not its name, and in which `pg` checks both. */
const READ_AS_VERIFY_FULL = /([?&]sslmode=)(allow|prefer|require|verify-ca)(?=&|$)/

/** The `sslmode` of a connection string; undefined where it says none. */
export function sslModeOf(url: string): string | undefined {
  return /[?&]sslmode=([^&]*)/.exec(url)?.[1]
}

/**
 * The connection string with the `sslmode` that `pg` applies: it treats every mode with TLS as `verify-full`, and
 * prints on stderr, not as JSON, that a later version will not. Written out, it means the same in every version.
 *
 * Rejected: to treat `require` as libpq does. Users who rely on today's check would lose it without notice; `no-verify`
 * or `uselibpqcompat=true` ask for that.
 */
export function withExplicitSslMode(url: string): string {
  return /[?&]uselibpqcompat=true(&|$)/.test(url) ? url : url.replace(READ_AS_VERIFY_FULL, '$1verify-full')
}
