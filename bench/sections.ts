import type { ScenarioName } from './options.ts'

/** Title and text of each scenario in docs/performance.md. */
export const SECTIONS: Readonly<Record<ScenarioName, { readonly title: string; readonly text: string }>> = {
  throughput: {
    title: '(a) Throughput, and (e) memory under it',
    text: `The sender sends events of all types of the catalogue in turn, 100 per request, four requests at once, without a channel budget. The figures count from the first request to the last received card.

The **ceiling** is a bare script with \`pg\` and \`undici\` and none of the gateway's code, run in the same round. It writes the same rows in the same batches and posts the same bytes over as many connections, with one statement and one commit per step. Everything that can be prepared is prepared before. It checks nothing, renders nothing, signs nothing, keeps no budget and answers no HTTP request. The rows, bytes and batches are those of a real run of the gateway, counted by a trigger, and the rows of the ceiling are compared with them.

*Planned once* is the ceiling with one property of the gateway: its steps name the month's table, so that PostgreSQL does not plan each of them anew. *Large steps* is the ceiling with steps of ten cards, independent of the gateway's steps.`,
  },
  latency: {
    title: '(b) Latency of an idle gateway',
    text: 'The sender sends one event at a time, with a pause after each. A latency counts from before the request to the last received byte of each of its cards. It includes the check, the commit, the claim, the card and the post. *Accept* counts from the request to its answer.',
  },
  storm: {
    title: '(c) Storm, and (e) memory in it',
    text: 'The sender sends INFO events to one channel at the default budget (60 per minute, burst of 10), each in a request of its own. Every ten seconds it sends a CRITICAL event to the same channel, until every event is represented. An event is represented when its own card or the card of its digest is received. The percentiles of CRITICAL are of all rounds together.',
  },
  growth: {
    title: '(d) Growth',
    text: '(a) with 5 million notifications, their events and their attempts in 72 past months, compared with (a) without them, in the same round. Afterwards the retention drops the oldest month.',
  },
  embedded: {
    title: '(f) The embedded database',
    text: '(a) and (b) on PGlite: the database runs inside the gateway, on the same thread.',
  },
  replicas: {
    title: '(g) Replicas',
    text: 'Several processes run on one database, here all on the same few processors. Without a budget, the figure is notifications per second. With a small budget and three processes, the figures are the cards of a channel beyond the limit of its one bucket, and the used share of the bucket.',
  },
}
