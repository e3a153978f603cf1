import type { ScenarioName } from './options.ts'

/** What docs/performance.md says of each scenario. */
export const SECTIONS: Readonly<Record<ScenarioName, { readonly title: string; readonly text: string }>> = {
  throughput: {
    title: '(a) Throughput, and (e) memory under it',
    text: `Events of all types of the catalogue in turn, 100 in a request, four requests at once; the budget is lifted. Counted from the first request to the last card received. The **ceiling** is a bare script with \`pg\` and \`undici\` and none of the gateway's code, run in the same round: it writes the same rows in the same batches and posts the same bytes over as many connections, one statement and one commit for each step, everything that can be made beforehand made beforehand. It checks nothing, renders nothing, signs nothing, keeps no budget and answers no HTTP request. The rows, bytes and batches are those of a real run of the gateway, counted by a trigger; what the ceiling wrote is compared with it. *Planned once* is the ceiling with one thing of the gateway's: its steps name the month's table, so that PostgreSQL need not plan each of them anew. *Large steps* is the ceiling with steps of ten cards, whatever the gateway's are.`,
  },
  latency: {
    title: '(b) Latency of an idle gateway',
    text: 'One event at a time, with a rest between. From before its request is sent to the last byte of each of its cards received: the check, the commit, the claim, the card and the post are in it. *Accept* is from the request to its answer.',
  },
  storm: {
    title: '(c) Storm, and (e) memory in it',
    text: 'INFO events on one channel at the default budget (60 a minute, 10 at once), each in a request of its own, and a CRITICAL every ten seconds on the same channel until every event is represented: its own card received, or that of the digest that it went into. The percentiles of CRITICAL are of all rounds together.',
  },
  growth: {
    title: '(d) Growth',
    text: '(a) with 5 million notifications, their events and their attempts in 72 past months, against (a) without, in the same round. Then the retention lets the oldest month go.',
  },
  embedded: {
    title: '(f) The embedded database',
    text: '(a) and (b) on PGlite: the database runs inside the gateway, on the same thread.',
  },
  replicas: {
    title: '(g) Replicas',
    text: 'Several processes on one database, here all on the same few processors. With the budget lifted: notifications per second. With a budget that binds, three of them: cards of any channel beyond what one bucket may have let through by that moment, and how much of it they used.',
  },
}
