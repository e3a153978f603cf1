import { isIP } from 'node:net'
import type { Environment } from './env-file.ts'

const DIGITS = /^\d+$/
const ADDRESS = /^(?:tcp|udp|sctp):\/\//
const PROTOCOL = /^(?:tcp|udp|sctp)$/

/** Suffixes of the variables that the kubelet makes for a Service, with the format of their values. */
const FORMS: readonly (readonly [name: RegExp, value: (text: string) => boolean])[] = [
  [/^_SERVICE_HOST$/, (text) => isIP(text) !== 0],
  [/^_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, (text) => DIGITS.test(text)],
  [/^_PORT$/, (text) => ADDRESS.test(text)],
  [/^_PORT_\d+_(?:TCP|UDP|SCTP)$/, (text) => ADDRESS.test(text)],
  [/^_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, (text) => PROTOCOL.test(text)],
  [/^_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/, (text) => DIGITS.test(text)],
  [/^_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, (text) => isIP(text) !== 0],
]

/**
 * Removes the variables that Kubernetes sets in every pod for each Service of its namespace. A Service named `teams-gateway`
 * makes seven with the prefix of the gateway's settings (`TEAMS_GATEWAY_PORT=tcp://10.0.0.5:8080`), one named `teams-http`
 * makes a `TEAMS_HTTP_PORT`. A variable is removed only where the Service's host and port are set too and its value has the
 * kubelet's format. Any other variable is a setting, or a typing error that has to be reported.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function withoutServiceVariables(env: Environment): Environment {
  const services = Object.keys(env)
    .map((name) => /^(\w+)_SERVICE_HOST$/.exec(name)?.[1])
    .filter((service) => service !== undefined)
    .filter(
      (service) => isIP(env[`${service}_SERVICE_HOST`] ?? '') && DIGITS.test(env[`${service}_SERVICE_PORT`] ?? ''),
    )
  if (services.length === 0) return env
  const ofService = ([name, text]: [string, string | undefined]) =>
    services.some(
      (service) =>
        name.startsWith(service) &&
        FORMS.some(([form, fits]) => form.test(name.slice(service.length)) && fits(text ?? '')),
    )
  return Object.fromEntries(Object.entries(env).filter((entry) => !ofService(entry)))
}
