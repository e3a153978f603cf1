import type { ConfigInput } from '../../../src/catalogue/config-input.ts'
import { eventToWire } from '../../../src/contract/events.ts'
import { BEHAVIOURS } from '../../acceptance/flows.ts'
import { arabicDigits, type Marks } from './marks.ts'

/** Channels that each fail in their own way, named after the outcome. */
export const FAILING = Object.keys(BEHAVIOURS).filter((name) => name !== 'accepted')

/** A channel for each way to fail, one that wants a token, and patient data that are a name. */
export const CONFIG: ConfigInput = {
  channels: { ...Object.fromEntries(FAILING.map((key) => [key, {}])), nphies_integration: { auth: 'entra' } },
  stakeholder_groups: Object.fromEntries(FAILING.map((key) => [key, { channels: [key] }])),
  event_types: {
    'lab.result.ready': {
      priority: 'INFO',
      stakeholders: ['sre'],
      card: 'system_alert',
      data: { patient_name: { type: 'text', phi: true } },
    },
  },
}

/** An event that has its patient everywhere that an event can have one. `name` makes it one of its own. */
export function patientEvent({ patient }: Marks, name: string, stakeholders: readonly string[] = ['sre']) {
  const escaped = JSON.stringify(patient.name).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u0${unit.charCodeAt(0).toString(16)}`,
  )
  return {
    eventType: 'celery.task.failed' as const,
    correlationId: `${name}-${patient.id}`,
    idempotencyKey: `${name}-${patient.id}`,
    stakeholders,
    data: {
      task_name: `claim of ${patient.member}`,
      task_id: `${patient.number}`,
      queue: patient.id.toLowerCase(),
      error: `no patient ${patient.id} (${patient.name}), member ${patient.member}, ${patient.number}; ${saudi(patient.saudi)}`,
      traceback: `GET https://h/?p=${patient.id}&n=${encodeURIComponent(patient.name)}\n{"name": ${escaped}}`,
      patient_id: patient.id,
      member_id: ` ${patient.member} `,
      payer: `${patient.id.slice(0, 5)}\u200b${patient.id.slice(5)}`,
      national_id: patient.saudi.nationalId,
      'رقم الإقامة': patient.saudi.iqama,
      details: {
        passport_no: patient.saudi.passport,
        json: JSON.stringify({ border_number: Number(patient.saudi.border), email: patient.saudi.mail }),
        patientId: patient.number,
        patient_name: patient.name,
        note: patient.number,
        [`seen ${patient.id}`]: [[`${patient.member}`], { [patient.name]: true }],
      },
    },
  }
}

/** A sentence with identifiers that are found only by the words beside them, or by their form. */
function saudi({ nationalId, iqama, border, passport, phone, mail }: Marks['patient']['saudi']): string {
  return `national id ${nationalId}, رقم الإقامة: ${arabicDigits(iqama)}, border number=${border}, passport ${passport}, ${phone}, ${mail}`
}

/** The same as it goes over HTTP. */
export function onTheWire(event: ReturnType<typeof patientEvent>): string {
  return JSON.stringify(eventToWire(event))
}

/** A webhook of Alertmanager with the patient in every field: a group of two alerts, of which one has the labels. */
export function patientWebhook(marks: Marks, status: 'firing' | 'resolved'): string {
  const { data } = patientEvent(marks, 'webhook')
  const { id, name } = marks.patient
  const texts = Object.fromEntries(
    Object.entries({ ...data, ...data.details }).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  )
  const link = `https://grafana.example.sa/${id}?patient_name=${encodeURIComponent(name)}`
  const links = { generatorURL: link, silenceURL: link, dashboardURL: link, panelURL: link }
  const alert = (labels: object) => ({
    status,
    labels: { alertname: id, event_type: id, team: name, severity: id, ...labels },
    annotations: { summary: `${name}, ${id}`, description: texts.error, runbook_url: link, value: id },
    startsAt: '2026-11-30T10:00:00Z',
    endsAt: '2026-11-30T11:00:00Z',
    fingerprint: id,
    valueString: texts.error,
    values: { [id]: 1 },
    ...links,
  })
  return JSON.stringify({
    version: '4',
    groupKey: `{}:{patient_id="${id}"}`,
    status,
    receiver: id,
    groupLabels: { patient_name: name, patient_id: id },
    commonLabels: texts,
    commonAnnotations: texts,
    externalURL: link,
    alerts: [alert(texts), alert({ instance: 'b' })],
    [id]: id,
  })
}

/** The same as a CloudEvent. */
export function asCloudEvent(event: ReturnType<typeof patientEvent>): Record<string, unknown> {
  return {
    specversion: '1.0',
    type: event.eventType,
    source: `/${event.correlationId}`,
    id: event.idempotencyKey,
    subject: event.correlationId,
    stakeholders: event.stakeholders.join(','),
    data: event.data,
  }
}
