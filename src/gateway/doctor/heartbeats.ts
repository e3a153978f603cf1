import type { Kysely } from 'kysely'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { Tables } from '../../store/tables.ts'
import { viewHeartbeats } from '../heartbeats.ts'
import { type Finding, fine, noted } from './finding.ts'

/** Says which heartbeats of the configuration are late or have failed, and which no job has ever reported. Nothing without heartbeats. */
export async function checkHeartbeats(catalogue: Catalogue, kysely: Kysely<Tables>): Promise<readonly Finding[]> {
  const heartbeats = await viewHeartbeats({ catalogue }, kysely)
  if (heartbeats.length === 0) return []
  const open = heartbeats.flatMap(({ name, open }) => (open.length === 0 ? [] : [`${name} (${open.join(', ')})`]))
  const silent = heartbeats.flatMap(({ name, seenAt }) => (seenAt === null ? [name] : []))
  return [
    ...(open.length === 0
      ? []
      : [
          noted(
            'heartbeats',
            `without a success in time: ${open.join(', ')}`,
            'Look whether these jobs run and succeed.',
          ),
        ]),
    ...(silent.length === 0
      ? []
      : [
          noted(
            'heartbeats',
            `no sign yet: ${silent.join(', ')}`,
            'Have the job report to /v1/heartbeats/<name>; docs/guides/heartbeats.md has the commands.',
          ),
        ]),
    ...(open.length + silent.length === 0 ? [fine('heartbeats', `all ${heartbeats.length} reported in time`)] : []),
  ]
}
