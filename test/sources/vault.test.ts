import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { VaultStandIn } from '../../src/stand-ins/vault.ts'
import { startedStore } from '../services/stores.ts'
import { makeCertificate } from '../transports/receiver.ts'
import { definitionAt, startCluster, watchVault } from './vault-world.ts'
import { createTestClock, sourcesOn } from './world.ts'

const NOTHING = { events: [], code: undefined }
/** The policy of the guide. */
const POLICY =
  /```hcl\n([\s\S]*?)```/.exec(readFileSync(new URL('../../docs/guides/sources.md', import.meta.url), 'utf8'))?.[1] ??
  ''

/** A token with the rights of the guide, and no others. */
function leastToken(vault: VaultStandIn, more: Parameters<VaultStandIn['createToken']>[0] = {}): string {
  vault.writePolicy('claimlinc-monitor', POLICY)
  return vault.createToken({ policies: ['claimlinc-monitor'], noDefaultPolicy: true, ...more })
}

async function single(
  more: Parameters<typeof definitionAt>[1] = {},
  token: Parameters<VaultStandIn['createToken']>[0] = {},
) {
  const [vault] = await startCluster(1)
  if (vault === undefined) throw new Error('no node')
  vault.enableAudit('file/')
  const watched = watchVault(definitionAt([vault], more), leastToken(vault, token))
  return { vault, ...watched }
}

describe('the nodes of a cluster', () => {
  it('are well, by what needs no token, and by every status that sys/health has', async () => {
    const nodes = await startCluster(3)
    nodes[2]?.become('performance_standby')
    const { look, check } = watchVault(definitionAt(nodes))
    expect(await look()).toMatchObject(NOTHING)
    expect(await check()).toMatchObject([
      { ok: true, found: expect.stringMatching(/is active, Vault 1\.21\.1$/) },
      { ok: true, found: expect.stringMatching(/is standby, Vault 1\.21\.1$/) },
      { ok: true, found: expect.stringMatching(/is performance standby/) },
      { what: 'token', ok: true, found: expect.stringContaining('are not watched') },
    ])
    nodes[0]?.become('dr_secondary')
    expect(await look()).toMatchObject(NOTHING)
    expect(nodes.flatMap(({ requests }) => requests).every((request) => request === 'GET sys/health')).toBe(true)
  })

  it('are one event while any of them is sealed, also after a restart, and one when none is', async () => {
    const nodes = await startCluster(3)
    const { look, restart } = watchVault(definitionAt(nodes))
    nodes[1]?.seal()
    const first = await look()
    expect(first.events).toEqual(['vault.seal.detected vault_prod.sealed'])
    expect(first.data[0]).toMatchObject({
      node: nodes[1]?.url.slice('http://'.length),
      impact: expect.stringMatching(/^1 of 3 nodes is sealed\. 127\.0\.0\.1:\d+ is active\.$/),
      auto_unseal_attempted: false,
      sealed_at: expect.any(String),
    })
    nodes[2]?.seal()
    restart()
    expect(await look()).toMatchObject(NOTHING)
    nodes[1]?.unseal()
    expect(await look()).toMatchObject(NOTHING)
    await nodes[2]?.stop()
    expect((await look()).events).toEqual(['vault.node.unreachable vault_prod.unreachable'])
    await nodes[2]?.start()
    nodes[2]?.unseal()
    expect((await look()).events).toEqual([
      'vault.unseal.complete vault_prod.sealed',
      'vault.cluster.recovered vault_prod.unreachable',
    ])
  })

  it('are reported where key shares led to nothing, and where a node did not unseal itself', async () => {
    const nodes = await startCluster(2)
    const { look, restart, clock } = watchVault(definitionAt(nodes))
    nodes[1]?.seal()
    nodes[1]?.giveKeyShare(true)
    expect((await look()).events).toEqual(['vault.seal.detected vault_prod.sealed'])
    nodes[1]?.giveKeyShare(false)
    nodes[1]?.giveKeyShare(true)
    restart()
    expect((await look()).events).toEqual(['vault.unseal.failed vault_prod.unseal'])
    for (let share = 0; share < 3; share++) nodes[1]?.giveKeyShare(true)
    const ended = ['vault.unseal.complete vault_prod.sealed', 'vault.unseal.complete vault_prod.unseal']
    expect((await look()).events).toEqual(ended)
    nodes[1]?.seal('azurekeyvault')
    expect((await look()).data[0]).toMatchObject({ auto_unseal_attempted: true })
    clock.pass(121)
    const failed = await look()
    expect(failed.events).toEqual(['vault.unseal.failed vault_prod.unseal'])
    expect(failed.data[0]).toMatchObject({ auto_unseal_error: 'Not unsealed by azurekeyvault within 120 s.' })
  })

  it.each([
    ['removed', 'vault.node.removed vault_prod.removed'],
    ['uninitialized', 'vault.node.uninitialized vault_prod.uninitialized'],
    ['disconnected', 'vault.node.disconnected vault_prod.heartbeat'],
  ] as const)('are one event where one is %s', async (role, event) => {
    const nodes = await startCluster(3)
    const { look } = watchVault(definitionAt(nodes))
    nodes[2]?.become(role)
    expect((await look()).events).toEqual([event])
    nodes[2]?.become('standby')
    expect((await look()).events).toEqual([`vault.cluster.recovered ${event.split(' ')[1]}`])
  })

  it('of an older server do not say whether they were removed or have lost the active node, and are no event', async () => {
    const nodes = await startCluster(2, { older: true })
    const { look, check } = watchVault(definitionAt(nodes))
    nodes[1]?.become('disconnected')
    expect(await look()).toMatchObject(NOTHING)
    expect((await check())[1]?.found).toContain('does not say whether it reaches the active node')
    nodes[0]?.become('standby')
    expect((await look()).events).toEqual(['vault.leader.missing vault_prod.leader'])
    nodes[1]?.become('active')
    expect((await look()).events).toEqual(['vault.cluster.recovered vault_prod.leader'])
  })

  it('make the source blind where none can be seen, and end nothing', async () => {
    const nodes = await startCluster(2)
    const { look, check } = watchVault(definitionAt(nodes))
    nodes[1]?.seal()
    await look()
    await Promise.all(nodes.map((node) => node.stop()))
    expect(await look()).toMatchObject({ events: [], code: 'not_reached' })
    expect(await check()).toMatchObject([{ ok: false, code: 'not_reached' }, { ok: false }, { what: 'token' }])
    await nodes[0]?.start()
    expect((await look()).events).toEqual(['vault.node.unreachable vault_prod.unreachable'])
  })
})

describe('the least rights of the guide', () => {
  it('are enough for all that is watched', async () => {
    const { look, check, vault } = await single({}, { ttl: 72 * 3600, renewable: true })
    expect(await look()).toMatchObject(NOTHING)
    expect(await check()).toMatchObject([
      { what: 'node', ok: true },
      { what: 'token', ok: true, found: expect.stringMatching(/^expires in 2 d 23 h|^expires in 3 d/) },
      { what: 'sys/audit', ok: true, found: 'audit devices: file/' },
      { what: 'sys/metrics', ok: true, found: expect.stringMatching(/^0 requests/) },
    ])
    expect(vault.requests).not.toContain('POST auth/token/renew-self')
  })

  it.each([
    ['auth/token/lookup-self', 'rights_missing'],
    ['sys/audit', 'rights_missing'],
    ['sys/metrics', 'rights_missing'],
  ])('are each needed: without %s the source is blind, and reports a sealed node all the same', async (path, code) => {
    const nodes = await startCluster(2)
    const [vault] = nodes
    vault?.writePolicy('less', POLICY.replace(`"${path}"`, '"sys/nothing"'))
    const token = vault?.createToken({ policies: ['less'], noDefaultPolicy: true })
    const { look, check } = watchVault(definitionAt(nodes), token)
    vault?.enableAudit('file/')
    nodes[1]?.seal()
    expect(await look()).toMatchObject({ events: ['vault.seal.detected vault_prod.sealed'], code })
    expect(await check()).toContainEqual(expect.objectContaining({ ok: false, code }))
  })

  it('are told from a token that is not valid, and from a server without metrics for Prometheus', async () => {
    const { vault, look, check } = await single()
    vault.setMetrics(false)
    expect(await look()).toMatchObject({ events: [], code: 'refused' })
    expect(await check()).toContainEqual(expect.objectContaining({ what: 'sys/metrics', ok: false, code: 'refused' }))
    vault.revokeAll()
    expect(await look()).toMatchObject({ events: [], code: 'secret_refused' })
  })
})

describe('audit devices', () => {
  it('are an event when one is gone, also after a restart, until it is back', async () => {
    const { vault, look, restart } = await single()
    vault.enableAudit('syslog/', 'syslog')
    expect(await look()).toMatchObject(NOTHING)
    vault.disableAudit('file/')
    restart()
    const gone = await look()
    expect(gone.events).toEqual(['vault.audit.disabled vault_prod.audit_device.file/'])
    expect(gone.data[0]).toMatchObject({ audit_device: 'file/ (file)', impact: 'Vault records only in: syslog/.' })
    expect(await look()).toMatchObject(NOTHING)
    vault.enableAudit('file/')
    expect((await look()).events).toEqual(['vault.audit.recovered vault_prod.audit_device.file/'])
  })

  it('are an event where none is enabled, and where one is not that has to be', async () => {
    const { vault, look } = await single({ auditDevices: ['syslog/'] })
    expect((await look()).events).toEqual(['vault.audit.disabled vault_prod.audit_device.syslog/'])
    vault.enableAudit('syslog/', 'syslog')
    expect((await look()).events).toEqual(['vault.audit.recovered vault_prod.audit_device.syslog/'])
    const other = await single()
    other.vault.disableAudit('file/')
    expect((await other.look()).events).toEqual(['vault.audit.disabled vault_prod.audit_device'])
  })

  it('are ended as not known once they are not watched any more', async () => {
    const { vault, look, restart } = await single()
    vault.enableAudit('syslog/', 'syslog')
    await look()
    vault.disableAudit('syslog/')
    await look()
    restart({ audit: false })
    const ended = await look()
    expect(ended.events).toEqual(['vault.audit.recovered vault_prod.audit_device.syslog/'])
    expect(ended.data[0]?.impact).toBe('Not watched any more: whether it is over is not known.')
  })

  it('are an event when requests fail that a healthy node can not record, and for ten minutes after the last one', async () => {
    const { vault, look, restart, clock } = await single()
    expect(await look()).toMatchObject(NOTHING)
    vault.setAudit('fails')
    const stuck = await look()
    expect(stuck.events).toEqual(['vault.audit.blocking vault_prod.requests'])
    expect(stuck.data[0]).toMatchObject({ impact: expect.stringContaining('they fail with status 500') })
    vault.setAudit('works')
    restart()
    expect((await look()).events.sort()).toEqual([
      'vault.audit.disabled vault_prod.audit_failures',
      'vault.audit.recovered vault_prod.requests',
    ])
    clock.pass(599)
    expect(await look()).toMatchObject(NOTHING)
    clock.pass(2)
    expect((await look()).events).toEqual(['vault.audit.recovered vault_prod.audit_failures'])
  })

  it('are no event for records that failed before anybody looked', async () => {
    const { vault, look } = await single()
    vault.setAudit('fails')
    await fetch(`${vault.url}/v1/secret/data/a`)
    vault.setAudit('works')
    expect(await look()).toMatchObject(NOTHING)
  })
})

describe("the source's own token", () => {
  it('is renewed at half of its life, and is an event where that is refused, with the time that is left', async () => {
    const clock = { shiftMs: 0 }
    const [vault] = await startCluster(1, { now: () => new Date(Date.now() + clock.shiftMs) })
    if (vault === undefined) throw new Error('no node')
    vault.enableAudit('file/')
    const { look } = watchVault(
      definitionAt([vault]),
      leastToken(vault, { ttl: 7_200, maxTtl: 20_000, renewable: true }),
    )
    const renewals = () => vault.requests.filter((request) => request === 'POST auth/token/renew-self').length
    clock.shiftMs = 3_500_000
    await look()
    expect(renewals()).toBe(0)
    clock.shiftMs = 3_700_000
    expect(await look()).toMatchObject(NOTHING)
    expect(renewals()).toBe(1)
    clock.shiftMs += 4_000_000
    vault.refuseRenewals(true)
    const failed = await look()
    expect(failed.events).toEqual(['vault.token.renewal.failed vault_prod.token'])
    expect(failed.data[0]?.impact).toMatch(/expires in 53 min( \d+ s)?: its renewal was refused \(status 403\)/)
    vault.refuseRenewals(false)
    expect((await look()).events).toEqual(['vault.token.renewed vault_prod.token'])
    vault.revokeAll()
    expect(await look()).toMatchObject({ events: [], code: 'secret_refused' })
  })

  it.each([
    [{ ttl: 90, renewable: false }, 60, /it can not be renewed/],
    [{ ttl: 90, maxTtl: 100, renewable: true }, 75, /renewals extend it no further/],
  ])('is an event near its end: %j', async (options, seconds, why) => {
    const clock = { shiftMs: 0 }
    const [vault] = await startCluster(1, { now: () => new Date(Date.now() + clock.shiftMs) })
    if (vault === undefined) throw new Error('no node')
    vault.enableAudit('file/')
    const { look } = watchVault(definitionAt([vault]), leastToken(vault, options))
    expect(await look()).toMatchObject(NOTHING)
    clock.shiftMs = seconds * 1000
    expect((await look()).data[0]?.impact).toMatch(why)
  })
})

describe('certificates', () => {
  const certificate = makeCertificate()

  it('of nodes, servers and PKI mounts are events before they expire, after it, and when they are renewed', async () => {
    const nodes = await startCluster(2, { tls: certificate })
    nodes[0]?.putCertificate('pki_int', certificate.cert)
    nodes[0]?.putCertificate('pki_int/issuer/claims', certificate.cert)
    const server = nodes[1]?.url.replace('https://', '') ?? ''
    const definition = definitionAt(nodes, {
      tls: 'unverified',
      pki: ['pki_int', 'pki_int/issuer/claims', 'pki_old'],
      certificates: [server],
    })
    const { look, clock, check, restart } = watchVault(definition)
    const subjects = ['nodes', server, 'pki_int/ca/pem', 'pki_int/issuer/claims/pem']
    const first = await look()
    expect(first.events).toEqual([
      ...subjects.map((subject) => `vault.certificate.expiring vault_prod.certificate.${subject}`),
      'vault.certificate.unseen vault_prod.certificate_unseen',
    ])
    expect(first.data[0]).toMatchObject({
      node: nodes.map(({ url }) => url.replace('https://', '')).join(', '),
      certificate_subject: 'CN=localhost',
      impact: expect.stringMatching(/^It expires in 1 d 23 h|^It expires in 2 d/),
    })
    expect(await check()).toContainEqual(
      expect.objectContaining({ found: expect.stringContaining(`${server}: CN=localhost, expires in`), ok: true }),
    )
    restart()
    nodes[0]?.putCertificate('pki_old', certificate.cert)
    expect((await look()).events.sort()).toEqual([
      'vault.certificate.expiring vault_prod.certificate.pki_old/ca/pem',
      'vault.certificate.renewed vault_prod.certificate_unseen',
    ])
    clock.pass(3 * 86_400)
    const expired = await look()
    expect(expired.events).toHaveLength(5)
    expect(expired.made[0]).toMatchObject({
      eventType: 'vault.certificate.expiring',
      priority: 'CRITICAL',
      correlationId: 'vault_prod.certificate_expired.nodes',
    })
    clock.pass(-30 * 86_400)
    expect((await look()).events).toHaveLength(10)
  })

  it('that are not seen after a restart keep what is open', async () => {
    const [node, server] = await startCluster(2, { tls: certificate })
    if (node === undefined || server === undefined) throw new Error('no node')
    const place = server.url.replace('https://', '')
    const { look, restart } = watchVault(definitionAt([node], { tls: 'unverified', certificates: [place] }))
    expect((await look()).events).toHaveLength(2)
    await server.stop()
    restart()
    expect((await look()).events).toEqual(['vault.certificate.unseen vault_prod.certificate_unseen'])
    await server.start()
    expect((await look()).events).toEqual(['vault.certificate.renewed vault_prod.certificate_unseen'])
  })

  it('of PKI mounts that were not looked at without an active node keep what is open', async () => {
    const [node] = await startCluster(1)
    if (node === undefined) throw new Error('no node')
    const { look, restart } = watchVault(definitionAt([node], { pki: ['pki_int'] }))
    expect((await look()).events).toEqual(['vault.certificate.unseen vault_prod.certificate_unseen'])
    node.seal()
    restart()
    expect((await look()).events).toEqual(['vault.seal.detected vault_prod.sealed'])
    node.unseal()
    node.putCertificate('pki_int', certificate.cert)
    expect((await look()).events.sort()).toEqual([
      'vault.certificate.expiring vault_prod.certificate.pki_int/ca/pem',
      'vault.certificate.renewed vault_prod.certificate_unseen',
      'vault.unseal.complete vault_prod.sealed',
    ])
  })
})

it('events of the source are accepted, resolve each other, and are ended when the source is removed', async () => {
  const { wired, ended, events, endRemoved, kysely } = await sourcesOn(await startedStore('embedded'))
  const { vault, look } = await single()
  const accept = async () => wired.service.acceptFromSource((await look()).made, 'vault_prod', async () => true)
  vault.disableAudit('file/')
  await accept()
  vault.enableAudit('file/')
  await accept()
  vault.seal()
  await accept()
  vault.unseal()
  await accept()
  expect(await ended()).toEqual(['vault.audit.disabled', 'vault.seal.detected'])
  const finding = {
    finding: 'token',
    subject: '',
    since: '2026-11-30T09:00:00.000Z',
    open: true,
    endType: 'vault.token.renewed',
  }
  await kysely
    .insertInto('teams_sources')
    .values({ name: 'vault_old', kind: 'vault', checkpoint: JSON.stringify({ findings: [finding] }) })
    .execute()
  endRemoved(new Map(), createTestClock().clock)
  await expect.poll(events, { timeout: 20_000 }).toContain('vault.token.renewed')
})
