import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { SourceProblem } from '../source.ts'
import { codeOfRequest, REQUEST_MS } from './http.ts'

/**
 * Reads the certificate that a server shows. It is not verified: one that has expired is what is looked for. Nothing is sent after the
 * handshake, whose certificates OpenSSL limits to 100 KB.
 *
 * @throws SourceProblem
 */
export function readServerCertificate(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ...(isIP(host) ? {} : { servername: host }), rejectUnauthorized: false })
    const deadline = setTimeout(
      () => fail(new SourceProblem(socket.connecting ? 'not_reached' : 'no_answer')),
      REQUEST_MS,
    )
    const abort = () => fail(new SourceProblem('no_answer'))
    function finish(then: () => void): void {
      clearTimeout(deadline)
      signal.removeEventListener('abort', abort)
      socket.destroy()
      then()
    }
    const fail = (problem: SourceProblem) => finish(() => reject(problem))
    socket.on('error', (error) => {
      // A server that asks for a client's certificate ends the handshake of TLS 1.2 after it has shown its own.
      const shown = socket.getPeerX509Certificate()
      if (shown === undefined) fail(new SourceProblem(codeOfRequest(error), { cause: error }))
      else finish(() => resolve(shown))
    })
    socket.on('close', () => fail(new SourceProblem('no_answer')))
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate()
      if (certificate === undefined) fail(new SourceProblem('tls_failed'))
      else finish(() => resolve(certificate))
    })
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
}
