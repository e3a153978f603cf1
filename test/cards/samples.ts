import type { Canonical, Sample } from './sample.ts'
import { CELERY } from './samples-celery.ts'
import { NPHIES } from './samples-nphies.ts'
import { PLATFORM } from './samples-platform.ts'
import { RABBITMQ } from './samples-rabbitmq.ts'
import { SOURCES } from './samples-sources.ts'
import { VAULT_AND_CELERY } from './samples-vault-celery.ts'
import { VAULT_SOURCE } from './samples-vault-source.ts'

/** One realistic event for each built-in type; two of them are those of the project's first documents, field for field. */
export const SAMPLES: { readonly [T in Canonical]: Sample<T> } = {
  ...VAULT_AND_CELERY,
  ...VAULT_SOURCE,
  ...CELERY,
  ...NPHIES,
  ...PLATFORM,
  ...SOURCES,
  ...RABBITMQ,
}
