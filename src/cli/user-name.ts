import { userInfo } from 'node:os'

/** Name of the operating-system user; `unknown` for a user id without a name, as in containers. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}
