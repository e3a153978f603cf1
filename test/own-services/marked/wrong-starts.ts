import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serveGateway } from '../../../src/app/serve.ts'
import type { Capture } from './capture.ts'
import type { Marks } from './marks.ts'

/**
 * Starts gateways that can not start, each with secrets in what is wrong, and captures why they do not.
 *
 * @param folder an empty one, for the files that are wrong
 * @param databaseUrl of a PostgreSQL that runs
 * @param takenPort a port in use
 */
export async function startWrongly(
  capture: Capture,
  { secrets }: Marks,
  { folder, databaseUrl, takenPort }: { folder: string; databaseUrl: string; takenPort: number },
): Promise<void> {
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const wrongPassword = new URL(databaseUrl)
  wrongPassword.password = secrets.sig ?? ''
  const url = (host: string, path = '/workflows/x') => `https://${host}${path}?api-version=1&sig=${secrets.sig}`
  mkdirSync(join(folder, 'templates'))
  file('templates/broken.json', `{"type": "AdaptiveCard", "x": "${secrets.hmac}", `)
  const starts: Record<string, Record<string, string | undefined>> = {
    'database away': { DATABASE_URL: `postgres://u:${secrets.sig}@127.0.0.1:1/db` },
    'database password not decodable': { DATABASE_URL: `postgres://u:${secrets.sig}%zz@127.0.0.1:1/db` },
    'database password wrong': { DATABASE_URL: wrongPassword.href },
    'database of another kind': { DATABASE_URL: `mysql://u:${secrets.sig}@127.0.0.1:1/db` },
    'data folder that is a file': { TEAMS_DATA_DIR: file('taken', secrets.sig ?? '') },
    'retired webhook': { TEAMS_WEBHOOK_SRE: url('x.webhook.office.com', `/webhookb2/${secrets.sig}`) },
    'placeholder webhook': { TEAMS_WEBHOOK_SRE: `${url('x.logic.azure.com')}...` },
    'webhook elsewhere': { TEAMS_WEBHOOK_SRE: url(`${secrets.sig}.example.sa`) },
    'webhook with a password': { TEAMS_WEBHOOK_SRE: url(`u:${secrets.sig}@x.logic.azure.com`) },
    'webhook that is none': { TEAMS_WEBHOOK_SRE: secrets.sig },
    'webhook of no channel': { TEAMS_WEBHOOK_SRA: url('x.logic.azure.com') },
    'webhook in a file that is not there': { TEAMS_WEBHOOK_SRE_FILE: join(folder, 'none') },
    'webhooks file that is none': { TEAMS_WEBHOOKS_FILE: file('a.yaml', `sre: "${secrets.sig}\n  x: [${secrets.sig}`) },
    'webhooks file with other things': {
      TEAMS_WEBHOOKS_FILE: file('b.yaml', `${secrets.sig}: x\nsre: {a: ${secrets.sig}}\npmo: "${secrets.sig}"`),
    },
    'tokens of another form': { TEAMS_API_TOKENS: `${secrets.token},a:${secrets.token}:send,b:send:QZ7apitokenQZ` },
    'the same token twice': { TEAMS_API_TOKENS: `a:send:${secrets.token},b:read:${secrets.token}` },
    'inbound secret that is no base64': { TEAMS_INBOUND_SECRETS: `${secrets.hmac}!,QZ7inboundQZ` },
    'short signing secrets': { TEAMS_HMAC_SECRET_KEY: 'QZ7hmackeyQZ', TEAMS_HMAC_SECRET_KEY_PREVIOUS: 'QZ7oldhmacQZ' },
    'setting with a wrong name': { TEAMS_HMAC_SECRET: secrets.hmac, TEAMS_API_TOKEN: secrets.token },
    'secrets where words belong': {
      TEAMS_LANGUAGE: secrets.hmac,
      TEAMS_HTTP_PORT: secrets.hmac,
      TEAMS_TIME_ZONE: secrets.hmac,
    },
    'Redis of another kind': { TEAMS_REDIS_URL: `http://u:${secrets.redis}@127.0.0.1` },
    'proxy of another kind': { HTTPS_PROXY: `socks5://u:${secrets.proxy}@127.0.0.1` },
    'proxy password not decodable': { http_proxy: `http://u:${secrets.proxy}%zz@127.0.0.1` },
    'Vault without TLS': { VAULT_ADDR: `http://u:${secrets.hmac}@vault.example.sa`, VAULT_TOKEN: secrets.token },
    'half of Entra': { TEAMS_ENTRA_CLIENT_SECRET: secrets.entra },
    'configuration that is none': {
      TEAMS_CONFIG_FILE: file('c.yaml', `channels: "${secrets.sig}\n ${secrets.hmac}: [`),
    },
    'configuration with secrets': {
      TEAMS_CONFIG_FILE: file(
        'd.yaml',
        `channels: {sre: {webhook: "${secrets.sig}", budget: "${secrets.sig}"}}\nroutes: ["${secrets.hmac}"]`,
      ),
    },
    'broken templates': { TEAMS_CONFIG_FILE: file('e.yaml', 'templates: ./templates') },
    'taken port': { TEAMS_HTTP_PORT: String(takenPort) },
  }
  for (const [what, settings] of Object.entries(starts)) {
    const env = { TEAMS_HTTP_PORT: '0', TEAMS_DATA_DIR: join(folder, 'data'), ...settings }
    await capture.failure(`start: ${what}`, () => serveGateway({ env, log: capture.log }))
  }
}
