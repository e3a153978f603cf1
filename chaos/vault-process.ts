import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { startVault } from '../src/stand-ins/vault.ts'

// The test kit's stand-in for Vault in a process of its own: `node chaos/vault-process.ts FACTS`. Prints where it is, and
// where it takes commands: seal, unseal, stop, start, urls VERSION.

const facts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  channels: string[]
  receiver: string
  hmac: string
}
const vault = await startVault()

function setUrls(version: string): void {
  const url = (key: string) => [key, `${facts.receiver}/channels/${key}?via=&version=${version}`] as const
  vault.put('secret/teams/webhooks', Object.fromEntries(facts.channels.map(url)))
}

setUrls('v0')
vault.put('secret/teams/config', { hmac_secret: facts.hmac })

async function obey(command: string): Promise<void> {
  const [word = '', version = ''] = command.trim().split(' ')
  switch (word) {
    case 'seal':
      return vault.seal()
    case 'unseal':
      return vault.unseal()
    case 'stop':
      return vault.stop()
    case 'start':
      return vault.start()
    case 'urls':
      return setUrls(version)
    default:
      throw new Error(`unknown command ${word}`)
  }
}

const control = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  request.on('end', () => {
    obey(text).then(
      () => response.writeHead(204).end(),
      () => response.writeHead(500).end(),
    )
  })
})
control.listen(0, '127.0.0.1', () => {
  const address = control.address()
  const port = address && typeof address === 'object' ? address.port : 0
  console.log(JSON.stringify({ url: vault.url, token: vault.createToken(), control: `http://127.0.0.1:${port}` }))
})
