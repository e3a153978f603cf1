/** An HTTP message as a file holds it: header lines, an empty line, the body. */
export interface Message {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** Reads a message; header lines that Node's own parser would refuse are left out. */
export function readMessage(input: Buffer): Message {
  const end = input.indexOf('\n\n')
  const head = end < 0 ? input : input.subarray(0, end)
  const headers = head
    .toString('latin1')
    .split('\n')
    .flatMap((line): [string, string][] => {
      const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()]]
    })
  return { headers, body: end < 0 ? Buffer.alloc(0) : input.subarray(end + 2) }
}

/** Writes a message as {@link readMessage} reads it. */
export function writeMessage({ headers, body }: Message): Buffer {
  const head = headers.map(([name, value]) => `${name}: ${value}`).join('\n')
  return Buffer.concat([Buffer.from(`${head}\n\n`, 'latin1'), body])
}

/** Headers as Node gives them: of a name that comes twice, the values are joined, of a few the first counts. */
export function headersOf({ headers }: Message): Record<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of headers) {
    const known = all.get(name)
    if (known === undefined) all.set(name, value)
    else if (name !== 'content-type') all.set(name, `${known}, ${value}`)
  }
  return Object.fromEntries(all)
}
