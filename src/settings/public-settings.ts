import { list, oneOf, type SettingRow, text, url, whole } from './schemas.ts'

/** An Entra tenant id, which tokens name; a domain name of the tenant is in no token. */
const TENANT_ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** A tenant whose people may sign in. Its name is shown where people choose among several. */
export type SignInTenant = { readonly name: string; readonly id: string }

const tenants = list
  .refine(
    (entries) => entries.length > 0 && entries.every((one) => new RegExp(`^([^:]+:)?${TENANT_ID}$`, 'i').test(one)),
    {
      error:
        'directory (tenant) ids of the form 00000000-0000-0000-0000-000000000000, separated by commas, each with an optional name and colon before it',
    },
  )
  .transform((entries): readonly SignInTenant[] =>
    entries.map((entry) => {
      const id = entry.slice(-36).toLowerCase()
      return { id, name: entry.length > 36 ? entry.slice(0, -37) : id }
    }),
  )

const origin = url(['https:', 'http:'])
  .refine((value) => /^https?:\/\/[^/?#@]+\/?$/.test(value), {
    error: 'an origin without a path, such as https://teams-actions.example.sa',
  })
  .transform((value) => new URL(value).origin)

/** The listener that people reach from Teams, the links of buttons that lead there, and how people sign in. */
export const PUBLIC_SETTINGS = {
  TEAMS_PUBLIC_URL: {
    group: 'Buttons on cards',
    schema: origin,
    help: 'Origin at which people reach the public listener, usually that of a reverse proxy: https://teams-actions.example.sa. Cards then have buttons (acknowledge, escalate, discard) that open a page there. It must be https, unless it is this machine.',
  },
  TEAMS_PUBLIC_PORT: {
    group: 'Buttons on cards',
    schema: whole(0, 65535),
    help: 'Port of the public listener, which serves the pages behind the buttons and nothing else; 0 takes any free port. Without it this process serves no pages.',
  },
  TEAMS_PUBLIC_HOST: {
    group: 'Buttons on cards',
    schema: text,
    default: '127.0.0.1',
    help: 'Interface on which the public listener listens.',
  },
  TEAMS_LINK_SECRETS: {
    group: 'Buttons on cards',
    schema: list,
    secret: true,
    help: 'Secrets of the links of buttons, separated by commas; TEAMS_PUBLIC_URL needs at least one. Make one with "openssl rand -hex 32"; no receiver of cards may know it. The first signs, links of all are accepted. Sessions and forms use the first alone: after a rotation people sign in again.',
  },
  TEAMS_LINK_DAYS: {
    group: 'Buttons on cards',
    schema: whole(1, 400),
    default: '30',
    help: "Days for which the links of a card's buttons work. Keep the previous secret for as long after a rotation.",
  },
  TEAMS_TYPED_NAMES: {
    group: 'Buttons on cards',
    schema: oneOf(['on', 'off']),
    default: 'on',
    help: 'Without TEAMS_SIGN_IN_CLIENT_ID: people may acknowledge, and nothing more, with a name that they type (on), or not at all (off). A typed name is recorded as unverified.',
  },
  TEAMS_SIGN_IN_CLIENT_ID: {
    group: 'Buttons on cards',
    schema: text,
    help: 'Application (client) id of the Entra application with which people sign in on the pages behind the buttons.',
  },
  TEAMS_SIGN_IN_CLIENT_SECRET: {
    group: 'Buttons on cards',
    schema: text,
    secret: true,
    help: 'Client secret of that application: its value, not its id.',
  },
  TEAMS_SIGN_IN_TENANTS: {
    group: 'Buttons on cards',
    schema: tenants,
    help: 'Entra tenants whose people may sign in: directory (tenant) ids separated by commas, each with an optional name and colon before it, such as hospital:00000000-0000-0000-0000-000000000000.',
  },
  TEAMS_SIGN_IN_AUTHORITY: {
    group: 'Buttons on cards',
    schema: url(['http:', 'https:']),
    default: 'https://login.microsoftonline.com',
    help: 'Address of the Entra authority where people sign in. Sovereign clouds have other addresses.',
  },
  TEAMS_SIGN_IN_HOURS: {
    group: 'Buttons on cards',
    schema: whole(1, 24),
    default: '8',
    help: 'Hours for which a person stays signed in. Roles are read at sign-in.',
  },
} as const satisfies Record<string, SettingRow>
