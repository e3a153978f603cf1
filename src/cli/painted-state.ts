import type { State } from '../contract/notifications.ts'
import type { Output } from './output.ts'

/** A state in its colour. */
export function painted(state: State, output: Output): string {
  if (state === 'accepted' || state === 'posted') return output.paint('green', state)
  return state === 'failed' ? output.paint('red', state) : output.paint('yellow', state)
}
