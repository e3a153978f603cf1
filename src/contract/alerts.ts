import { z } from 'zod'

const labels = z.record(z.string(), z.string())

/**
 * A webhook of Alertmanager or Grafana, for OpenAPI: the fields that are used. `src/sources/alertmanager/webhook.ts` checks them;
 * others are ignored.
 */
export const alertmanagerWebhook = z.looseObject({
  version: z.string().meta({ description: '"4" of Alertmanager; "1" of Grafana, with orgId.' }),
  groupKey: z.string().min(1).meta({ description: 'Identifies the group of alerts.' }),
  status: z.enum(['firing', 'resolved']),
  alerts: z
    .array(
      z.looseObject({
        status: z.enum(['firing', 'resolved']).optional(),
        labels,
        annotations: labels.optional(),
        startsAt: z.string().optional().meta({ description: 'The zero time of Go, 0001-01-01T00:00:00Z, is no time.' }),
        endsAt: z.string().optional(),
        fingerprint: z.string().optional(),
        silenceURL: z.string().optional(),
        dashboardURL: z.string().optional(),
        panelURL: z.string().optional(),
        values: z.record(z.string(), z.number()).nullish().meta({ description: 'Of Grafana.' }),
      }),
    )
    .min(1),
  groupLabels: labels.optional(),
  externalURL: z.string().optional(),
  truncatedAlerts: z.number().optional(),
  orgId: z.number().optional().meta({ description: 'Of Grafana.' }),
})
