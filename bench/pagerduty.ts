import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type PagerDutyStandIn, startPagerDuty } from '../src/stand-ins/pagers/pagerduty.ts'
import { nowMs } from './process-facts.ts'

/** A request to PagerDuty. */
export interface PagerRequest {
  /** `nowMs()` when it came. */
  readonly at: number
  readonly status: number
}

/** PagerDuty's stand-in, with its limit of 120 requests a minute, behind a server that notes each request. */
export interface RecordedPagerDuty {
  /** For the configuration. */
  readonly url: string
  readonly requests: readonly PagerRequest[]
  readonly standIn: PagerDutyStandIn
  close(): Promise<void>
}

/** Starts it in this process: what it does is little. */
export async function startRecordedPagerDuty(routingKey: string): Promise<RecordedPagerDuty> {
  const standIn = await startPagerDuty({ routingKeys: [routingKey] })
  const requests: PagerRequest[] = []

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const at = nowMs()
    const answer = await fetch(`${standIn.url}${request.url}`, { method: 'POST', body: Buffer.concat(chunks) })
    const said = await answer.text()
    requests.push({ at, status: answer.status })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(said)
  }

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    requests,
    standIn,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await standIn.close()
    },
  }
}
