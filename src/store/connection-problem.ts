import { codeOf, type Problem } from '../kernel/errors.ts'

interface Words {
  readonly found: string
  readonly expected: string
}

const CREDENTIALS: Words = {
  found: 'a PostgreSQL that refuses this user or password',
  expected: 'the user and the password that PostgreSQL knows',
}
const CERTIFICATE: Words = {
  found: 'a PostgreSQL whose certificate can not be checked',
  expected:
    'sslrootcert=<file> in DATABASE_URL with the authority that signed it, or sslmode=no-verify to use TLS without a check',
}

/** The causes of a failed connection by SQLSTATE and by Node's error code, with what to do about each. */
const WORDS: Readonly<Record<string, Words>> = {
  '28P01': CREDENTIALS,
  '28000': {
    found: 'a PostgreSQL that does not let this user in from here',
    expected:
      'a user that exists there, and a line of its pg_hba.conf for it, the database, the address and the use of TLS',
  },
  '3D000': {
    found: 'a PostgreSQL that has no such database',
    expected: 'the name of a database that is there; CREATE DATABASE makes one',
  },
  '42501': {
    found: 'a database to which this user may not connect',
    expected: 'a user with the right CONNECT on it',
  },
  '53300': {
    found: 'a PostgreSQL that has no connection left for this user',
    expected: 'a higher limit of the role, the database or max_connections, or a smaller TEAMS_DATABASE_POOL',
  },
  '57P03': { found: 'a PostgreSQL that starts up or shuts down', expected: 'one that takes connections' },
  ECONNREFUSED: { found: 'no PostgreSQL at this host and port', expected: 'the host and port at which it listens' },
  ENOTFOUND: { found: 'a host name that is not known', expected: 'the name or address of the host' },
  EAI_AGAIN: { found: 'no answer to the question for the host name', expected: 'a name server that answers' },
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  CERT_HAS_EXPIRED: { ...CERTIFICATE, expected: 'a certificate that is valid' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    found: 'a PostgreSQL whose certificate is for another name',
    expected: 'the host name that its certificate has, or sslmode=no-verify to use TLS without a check',
  },
  ENOENT: {
    found: 'a file that is not there, named by sslrootcert, sslcert, sslkey or as a socket',
    expected: 'the path of the file',
  },
  EACCES: { found: 'a file that this user may not read', expected: 'a file that this user may read' },
}

/** Errors of `pg` that have no code, by their messages, which quote nothing. */
const BY_MESSAGE: readonly (readonly [RegExp, Words])[] = [
  [
    /does not support SSL connections/,
    { found: 'a PostgreSQL without TLS, which sslmode asks for', expected: 'a server with TLS, or sslmode=disable' },
  ],
  [
    /password must be a(?: non-empty)? string/,
    { found: 'no password, for which PostgreSQL asks', expected: 'a password in DATABASE_URL' },
  ],
]

/** The cause of a failed connection. The driver's own message is left out, because it may quote the URL. */
export function connectionProblem(error: unknown): Omit<Problem, 'at'> {
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : ''
  const words = WORDS[code ?? ''] ?? BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1]
  const { found, expected } = words ?? { found: 'no answer', expected: 'a PostgreSQL that accepts this user' }
  return { found: `${found}${code === undefined ? '' : ` (${code})`}`, expected }
}
