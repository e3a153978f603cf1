import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type LabelsOf, METRICS, type MetricName } from './table.ts'

/** The metrics of one gateway. Two gateways in one process have separate registries. */
export interface Metrics {
  /** Adds to a counter. */
  count<N extends MetricName>(name: N, labels: LabelsOf<N>, by?: number): void
  /** Sets a gauge. */
  set<N extends MetricName>(name: N, labels: LabelsOf<N>, value: number): void
  /** Adds a value, in the metric's unit, to a histogram. */
  observe<N extends MetricName>(name: N, labels: LabelsOf<N>, value: number): void
  /** Removes all values of a gauge; it is not exposed until it is set again. */
  clear(name: MetricName): void
  /**
   * Also exposes prom-client's default metrics of the process and of Node. Only for a process that runs the gateway alone:
   * in a host program they are the host's own, and each gateway would collect them again.
   */
  watchProcess(): void
  /** Writes all metrics in Prometheus' text format. */
  expose(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** Makes the metrics of {@link METRICS}, all at zero. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const made = new Map<string, Counter | Gauge | Histogram>()
  for (const [name, row] of Object.entries(METRICS)) {
    const options = { name, help: row.help, labelNames: [...row.labels], registers: [registry] }
    if (row.type === 'counter') made.set(name, new Counter(options))
    else if (row.type === 'gauge') made.set(name, new Gauge(options))
    else made.set(name, new Histogram({ ...options, buckets: [...row.buckets] }))
  }
  return {
    count(name, labels, by = 1) {
      const metric = made.get(name)
      if (metric instanceof Counter) metric.inc({ ...labels }, by)
    },
    set(name, labels, value) {
      const metric = made.get(name)
      if (metric instanceof Gauge) metric.set({ ...labels }, value)
    },
    observe(name, labels, value) {
      const metric = made.get(name)
      if (metric instanceof Histogram) metric.observe({ ...labels }, value)
    },
    clear(name) {
      made.get(name)?.reset()
    },
    watchProcess() {
      collectDefaultMetrics({ register: registry })
    },
    async expose() {
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
  }
}
