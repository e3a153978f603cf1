#!/usr/bin/env node
// Checks what a claimlinc-teams audit trail publishes. For auditors: this file shares no code with the gateway, needs only
// Node 20 or later, and is short enough to be read in full. Formats: https://c2sp.org/signed-note, tlog-checkpoint and
// tlog-proof; hashes and proofs: RFC 6962, section 2.1.
//
//   node independent-verifier.mjs checkpoint  VERIFIER_KEY CHECKPOINT_FILE
//   node independent-verifier.mjs proof       VERIFIER_KEY PROOF_FILE ENTRY_FILE
//   node independent-verifier.mjs consistency VERIFIER_KEY OLD_CHECKPOINT_FILE NEW_CHECKPOINT_FILE HASHES_FILE
//
// HASHES_FILE is a JSON array of hashes in base64. Take VERIFIER_KEY and the old checkpoint from where you wrote them
// down yourself, not from the system that you check. Prints a line for each check; exits with 0 if all hold, else with 1.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
const hashLeaf = (entry) => sha256(Buffer.of(0), entry)
const hashNode = (left, right) => sha256(Buffer.of(1), left, right)

function must(holds, problem) {
  if (!holds) throw new Error(problem)
}

function base64(text) {
  const bytes = Buffer.from(text, 'base64')
  must(bytes.toString('base64') === text, 'not canonical base64')
  return bytes
}

function hashOf(text) {
  const bytes = base64(text)
  must(bytes.length === 32, 'not a hash of 32 bytes')
  return bytes
}

function decimal(text) {
  must(/^(0|[1-9][0-9]*)$/.test(text), 'not a decimal number without leading zeros')
  return BigInt(text)
}

function readText(file) {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file))
}

/** Verifies the signature of one Ed25519 key on a checkpoint; returns its origin, size and root. */
function openCheckpoint(note, keyText) {
  const [name, keyId, ...rest] = keyText.trim().split('+')
  const key = base64(rest.join('+'))
  must(key.length === 33 && key[0] === 1, 'the verifier key is not an Ed25519 key (type 01)')
  must(sha256(Buffer.from(`${name}\n`), key).toString('hex', 0, 4) === keyId, 'the verifier key has a wrong key ID')
  const end = note.lastIndexOf('\n\n') + 1
  must(end > 0 && note.endsWith('\n'), 'the checkpoint is not a signed note')
  const text = note.slice(0, end)
  const lines = note
    .slice(end + 1, -1)
    .split('\n')
    .map((line) => /^— (\S+) (\S+)$/.exec(line))
  must(lines.every(Boolean), 'a signature line is not an em dash, a name and base64')
  const own = lines
    .map(([, by, encoded]) => ({ by, bytes: base64(encoded) }))
    .filter(({ by, bytes }) => by === name && bytes.toString('hex', 0, 4) === keyId)
  must(own.length > 0, `no signature by ${name} with key ${keyId}`)
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  for (const { bytes } of own)
    must(verify(null, Buffer.from(text), publicKey, bytes.subarray(4)), 'the signature is wrong')
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n')
  must(root !== undefined && ![origin, ...extensions].includes(''), 'a checkpoint has at least three lines, none empty')
  must(origin === name, `the checkpoint is of ${origin}, the key of ${name}`)
  return { origin, size: decimal(size), root: hashOf(root) }
}

/** The largest power of two below a size: where RFC 6962 divides a tree. */
function split(size) {
  let power = 1n
  while (power * 2n < size) power *= 2n
  return power
}

/** The root that an inclusion proof leads to. The proof's last hash belongs to the topmost division. */
function includedRoot(leaf, index, size, proof) {
  if (size === 1n) {
    must(proof.length === 0, 'the proof has too many hashes')
    return leaf
  }
  must(proof.length > 0, 'the proof has too few hashes')
  const [below, last, middle] = [proof.slice(0, -1), proof.at(-1), split(size)]
  if (index < middle) return hashNode(includedRoot(leaf, index, middle, below), last)
  return hashNode(last, includedRoot(leaf, index - middle, size - middle, below))
}

/** The roots of the older and the newer tree that a consistency proof leads to. */
function consistentRoots(oldSize, newSize, proof, oldRoot, leftmost = true) {
  if (oldSize === newSize) {
    must(proof.length === (leftmost ? 0 : 1), 'the proof has a wrong number of hashes')
    const root = leftmost ? oldRoot : proof[0]
    return [root, root]
  }
  must(proof.length > 0, 'the proof has too few hashes')
  const [below, last, middle] = [proof.slice(0, -1), proof.at(-1), split(newSize)]
  if (oldSize <= middle) {
    const [older, newer] = consistentRoots(oldSize, middle, below, oldRoot, leftmost)
    return [older, hashNode(newer, last)]
  }
  const [older, newer] = consistentRoots(oldSize - middle, newSize - middle, below, oldRoot, false)
  return [hashNode(last, older), hashNode(last, newer)]
}

function checkProof(key, proofFile, entryFile) {
  const file = readText(proofFile)
  const end = file.indexOf('\n\n')
  must(end > 0 && file.startsWith('c2sp.org/tlog-proof@v1\n'), 'not a file of c2sp.org/tlog-proof@v1')
  const checkpoint = check('signature', () => openCheckpoint(file.slice(end + 2), key), describe)
  const lines = file.slice(0, end).split('\n').slice(1)
  if (lines[0]?.startsWith('extra ')) base64(lines.shift().slice('extra '.length))
  const indexLine = lines.shift() ?? ''
  must(indexLine.startsWith('index '), 'the line "index" is missing')
  const index = decimal(indexLine.slice('index '.length))
  must(index < checkpoint.size, `the tree has no entry ${index}`)
  const root = includedRoot(hashLeaf(readFileSync(entryFile)), index, checkpoint.size, lines.map(hashOf))
  must(root.equals(checkpoint.root), `the file is not entry ${index} of the signed tree`)
  return `the file is entry ${index} of the signed tree`
}

function checkConsistency(key, oldFile, newFile, hashesFile) {
  const older = check('signature', () => openCheckpoint(readText(oldFile), key), describe)
  const newer = check('signature', () => openCheckpoint(readText(newFile), key), describe)
  const proof = JSON.parse(readText(hashesFile)).map(hashOf)
  must(older.size <= newer.size, `the newer tree has ${newer.size} entries, the older one ${older.size}`)
  if (older.size === 0n) {
    must(proof.length === 0 && older.root.equals(sha256()), 'the empty tree has another root or a proof')
  } else {
    const [oldRoot, newRoot] = consistentRoots(older.size, newer.size, proof, older.root)
    const same = oldRoot.equals(older.root) && newRoot.equals(newer.root)
    must(same, `the tree of ${newer.size} does not begin with the one of ${older.size}: history was rewritten`)
  }
  return `the tree of ${newer.size} entries begins with the one of ${older.size}, unchanged`
}

const describe = ({ origin, size, root }) => `${origin} signed ${size} entries with root ${root.toString('base64')}`

/** Runs a check and prints its line. */
function check(name, run, say = (result) => result) {
  const result = run()
  console.log(`ok    ${name}: ${say(result)}`)
  return result
}

const COMMANDS = {
  checkpoint: [2, (key, file) => check('signature', () => openCheckpoint(readText(file), key), describe)],
  proof: [3, (...args) => check('inclusion', () => checkProof(...args))],
  consistency: [4, (...args) => check('consistency', () => checkConsistency(...args))],
}

const [command, ...args] = process.argv.slice(2)
try {
  const [count, run] = Object.hasOwn(COMMANDS, command ?? '') ? COMMANDS[command] : []
  must(count === args.length, 'usage: checkpoint KEY FILE | proof KEY PROOF ENTRY | consistency KEY OLD NEW HASHES')
  run(...args)
} catch (error) {
  console.log(`WRONG ${error.message}`)
  process.exitCode = 1
}
