import type { Scenario } from './scenario.ts'
import { ACTING } from './scenarios/acting.ts'
import { CLIMBING } from './scenarios/climbing.ts'
import { CLOCKS } from './scenarios/clocks.ts'
import { DATABASES } from './scenarios/databases.ts'
import { DISKS } from './scenarios/disks.ts'
import { KILLS } from './scenarios/kills.ts'
import { NEIGHBOURS } from './scenarios/neighbours.ts'
import { RECEIVERS } from './scenarios/receivers.ts'
import { STOPS } from './scenarios/stops.ts'
import { STORMS } from './scenarios/storms.ts'
import { SUSPENSIONS } from './scenarios/suspensions.ts'
import { VERSIONS } from './scenarios/versions.ts'

/** Every scenario, in the order in which they are played. */
export const SCENARIOS: readonly Scenario[] = [
  ...KILLS,
  ...STORMS,
  ...STOPS,
  ...SUSPENSIONS,
  ...DATABASES,
  ...RECEIVERS,
  ...NEIGHBOURS,
  ...DISKS,
  ...ACTING,
  ...CLIMBING,
  ...CLOCKS,
  ...VERSIONS,
]
