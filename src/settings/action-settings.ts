import { type SettingRow, seconds } from './schemas.ts'

/** What people do with cards. */
export const ACTION_SETTINGS = {
  TEAMS_RESTORE_WINDOW: {
    group: 'Actions',
    schema: seconds(0, 2592000),
    default: '86400',
    help: 'Seconds for which a discarded event can be restored.',
  },
} as const satisfies Record<string, SettingRow>
