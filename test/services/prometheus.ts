import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from './find.ts'
import { onFreePort, type Program, privateFolder, startProgram } from './program.ts'

/** A Prometheus or an Alertmanager of our own. */
export interface Monitor extends Program {
  /** Where it listens: host and port. */
  readonly address: string
}

/** Path of Prometheus; undefined where there is none. */
export function findPrometheus(): string | undefined {
  return findOnPath('prometheus')
}

/** Path of Alertmanager: that of `npm run interop`, or as Debian or its own release names it; undefined where there is none. */
export function findAlertmanager(): string | undefined {
  return process.env.INTEROP_ALERTMANAGER || findOnPath('prometheus-alertmanager', 'alertmanager')
}

/** Starts a private Alertmanager in a temporary folder on a free port, without a cluster. `config` is its file. */
export function startAlertmanager(config: string): Promise<Monitor> {
  const command = findAlertmanager()
  if (!command) throw new Error('Alertmanager is not installed; "npm test" installs it.')
  return onFreePort(async (port) => {
    const folder = privateFolder('alertmanager')
    const address = `127.0.0.1:${port}`
    writeFileSync(join(folder, 'alertmanager.yml'), config)
    const program = await startProgram({
      name: 'Alertmanager',
      folder,
      owner: undefined,
      command,
      args: [
        '--config.file=alertmanager.yml',
        '--storage.path=data',
        '--cluster.listen-address=',
        `--web.listen-address=${address}`,
        '--web.external-url=http://alertmanager.example.sa',
        '--web.route-prefix=/',
      ],
      ready: /msg="?Listening on/i,
      stopSignal: 'SIGTERM',
      abandonSignal: 'SIGKILL',
    })
    return Object.assign(program, { address })
  })
}

/** Starts a private Prometheus that scrapes one target and evaluates rules each second, and sends alerts to an Alertmanager. */
export function startPrometheus(options: {
  readonly target: string
  readonly rules: string
  readonly alertmanager: string
}): Promise<Monitor> {
  const command = findPrometheus()
  if (!command) throw new Error('Prometheus is not installed; "npm test" installs it.')
  return onFreePort(async (port) => {
    const folder = privateFolder('prometheus')
    const address = `127.0.0.1:${port}`
    writeFileSync(join(folder, 'rules.yml'), options.rules)
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["${options.alertmanager}"] }] }] }
scrape_configs: [{ job_name: test, static_configs: [{ targets: ["${options.target}"] }] }]
`,
    )
    const program = await startProgram({
      name: 'Prometheus',
      folder,
      owner: undefined,
      command,
      args: ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=${address}`],
      ready: /Server is ready to receive web requests/,
      stopSignal: 'SIGTERM',
      abandonSignal: 'SIGKILL',
    })
    return Object.assign(program, { address })
  })
}
