import { type Gateway, sendTeamsNotification } from '../../src/index.ts'

/** A user's own event types, as a program declares them: there the module's name is 'claimlinc-teams'. */
declare module '../../src/index.ts' {
  interface EventTypes {
    'lab.result.ready': { result_id: string; patient_id?: string }
  }
}

/** Nothing here runs: the compiler checks it. */
export async function typesOfOwnTypes(gateway: Gateway): Promise<void> {
  await sendTeamsNotification({ eventType: 'lab.result.ready', data: { result_id: 'R-7' } })
  await gateway.send({ eventType: 'lab.result.ready', data: { result_id: 'R-7', patient_id: 'P' }, priority: 'low' })
  // The built-in ones are still there.
  await gateway.send({ eventType: 'vault.seal.detected', data: { node: 'n' } })

  // @ts-expect-error a field that this type needs is missing
  await sendTeamsNotification({ eventType: 'lab.result.ready', data: {} })
  // @ts-expect-error a field with another type
  await gateway.send({ eventType: 'lab.result.ready', data: { result_id: 7 } })
  // @ts-expect-error a field that this type does not have
  await gateway.send({ eventType: 'lab.result.ready', data: { result_id: 'R-7', node: 'n' } })
  // @ts-expect-error a type that nobody declared
  await gateway.send({ eventType: 'lab.result.late', data: { result_id: 'R-7' } })
}
