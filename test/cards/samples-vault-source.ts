import type { VAULT_SOURCE as TYPES } from '../../src/catalogue/event-types/vault-source.ts'
import type { Sample } from './sample.ts'

const CLUSTER = '6f1f3c1e-6b5a-4f0c-9c1b-0d6a3b8f6a11'

export const VAULT_SOURCE: { readonly [T in keyof typeof TYPES]: Sample<T> } = {
  'vault.leader.missing': {
    correlationId: 'vault_prod.leader',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'vault-0.internal:8200, vault-2.internal:8200',
      cluster_id: CLUSTER,
      impact: 'No node is active: 2 of 3 nodes are standby, and Vault serves no secrets.',
      recommended_actions: ['Compare the logs of the nodes: storage, quorum of Raft, connections between the nodes.'],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.node.removed': {
    correlationId: 'vault_prod.removed',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'vault-2.internal:8200',
      cluster_id: CLUSTER,
      impact: '1 of 3 nodes is removed from the cluster. vault-0.internal:8200 is active.',
      recommended_actions: ['Take the node out of use; or delete its Raft data, and let it join again.'],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.node.uninitialized': {
    correlationId: 'vault_prod.uninitialized',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'vault-2.internal:8200',
      impact:
        '1 of 3 nodes is not initialized; a node that lost its storage looks the same. vault-0.internal:8200 is active.',
      recommended_actions: ['Look at the storage first. Initialize no node of a cluster that has data.'],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.node.disconnected': {
    correlationId: 'vault_prod.heartbeat',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'vault-2.internal:8200',
      cluster_id: CLUSTER,
      impact: '1 of 3 nodes is without a connection to the active node. vault-0.internal:8200 is active.',
      recommended_actions: ['Check the cluster port (8201) between the nodes, their certificates and their clocks.'],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.node.unreachable': {
    correlationId: 'vault_prod.unreachable',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'vault-1.internal:8200',
      cluster_id: CLUSTER,
      impact: '1 of 3 nodes is not seen (not_reached). vault-0.internal:8200 is active.',
      recommended_actions: ['Check that the node runs, and that the gateway reaches it at its own address.'],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.cluster.recovered': {
    correlationId: 'vault_prod.leader',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      node: 'vault_prod',
      impact: 'The cluster has an active node again.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:29:00Z',
    },
  },
  'vault.audit.blocking': {
    correlationId: 'vault_prod.requests',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'vault-0.internal:8200',
      cluster_id: CLUSTER,
      impact:
        '1 of 3 nodes is healthy and serves no requests: they hang. Usually an audit device blocks, or can not write.',
      recommended_actions: [
        'Look at the audit devices of the node: a full disk, a socket or a pipe that nobody reads.',
        'The log of the node names the device and its error.',
      ],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.audit.recovered': {
    correlationId: 'vault_prod.requests',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      node: 'vault_prod',
      impact: 'Ordinary requests are answered again.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:29:00Z',
    },
  },
  'vault.certificate.unseen': {
    correlationId: 'vault_prod.certificate_unseen',
    occurredAt: '2026-11-30T02:10:00Z',
    data: {
      node: 'claims.internal:443, pki_int/ca/pem',
      impact: 'The certificates of 2 of 5 places can not be seen (not_reached, refused), and may expire unnoticed.',
      recommended_actions: ['Check that the gateway reaches these places, and that they still exist.'],
      starts_at: '2026-11-30T02:09:30Z',
    },
  },
  'vault.certificate.renewed': {
    correlationId: 'vault_prod.certificate.claims.internal:443',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      node: 'claims.internal:443',
      impact: 'The certificate was renewed, or is not watched any more.',
      starts_at: '2026-11-24T02:09:30Z',
      ends_at: '2026-11-30T02:29:00Z',
    },
  },
  'vault.token.renewed': {
    correlationId: 'vault_prod.token',
    occurredAt: '2026-11-30T02:30:00Z',
    data: {
      node: 'vault_prod',
      impact: 'The token of the source is renewed, or has been replaced.',
      starts_at: '2026-11-30T02:09:30Z',
      ends_at: '2026-11-30T02:29:00Z',
    },
  },
}
