import { closeSync, openSync, readSync } from 'node:fs'
import type { ReceiverLine } from './history.ts'

/** Bytes that are read at once. */
const CHUNK = 65_536

/** Reads the links of cards from the receiver's log while it grows. Returns the path of the link of one of these notifications. */
export function createLinkReader(file: string): (notificationIds: readonly string[]) => string | undefined {
  const links = new Map<string, string>()
  let at = 0
  let rest = ''
  function readOn(): void {
    const log = openSync(file, 'r')
    const buffer = Buffer.alloc(CHUNK)
    for (let size = readSync(log, buffer, 0, CHUNK, at); size > 0; size = readSync(log, buffer, 0, CHUNK, at)) {
      at += size
      const lines = (rest + buffer.toString('latin1', 0, size)).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) {
        const line = JSON.parse(text) as ReceiverLine
        if (line.kind === 'post' && line.link !== undefined) links.set(line.id, line.link)
      }
    }
    closeSync(log)
  }
  return (ids) => {
    readOn()
    return ids.map((id) => links.get(id)).find((link) => link !== undefined)
  }
}

/** A form that a browser has fetched, with its session. */
export interface FetchedForm {
  readonly cookie: string
  readonly fields: URLSearchParams
}

/** Fetches the page of a link, as a browser without scripts does. @throws where no page is answered */
export async function fetchForm(origin: string, path: string): Promise<FetchedForm> {
  const page = await fetch(new URL(path, origin), { signal: AbortSignal.timeout(20_000) })
  const text = await page.text()
  if (page.status !== 200) throw new Error(`the page of a link was answered ${page.status}`)
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ')
  const hidden = [...text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
  return {
    cookie,
    fields: new URLSearchParams(hidden.map(([, name = '', value = '']): [string, string] => [name, value])),
  }
}

/** Sends a form with a typed name, also at another replica than the one that it was fetched from. Returns the status. */
export async function sendForm(
  origin: string,
  path: string,
  { cookie, fields }: FetchedForm,
  { name, publicUrl }: { readonly name: string; readonly publicUrl: string },
): Promise<number> {
  const answer = await fetch(new URL(path, origin), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: publicUrl, cookie },
    body: new URLSearchParams([...fields, ['do', 'act'], ['name', name]]).toString(),
    signal: AbortSignal.timeout(20_000),
  })
  await answer.text()
  return answer.status
}
