import { execFileSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { join } from 'node:path'
import { unprivilegedOwner } from '../../services/program.ts'

/** Makes a certificate for 127.0.0.1 that is its own authority. Returns the paths of certificate and key. */
export function certificate(folder: string) {
  const [cert, key] = [join(folder, 'server.pem'), join(folder, 'server.key')]
  const subject = ['-subj', '/CN=claimlinc-test', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  })
  const owner = unprivilegedOwner()
  if (owner) for (const path of [cert, key]) chownSync(path, owner.uid, owner.gid)
  return { cert, key }
}
