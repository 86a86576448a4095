// What the witness remembers of a process's reads belongs to the transaction that they led to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Meta } from '#lib/engine/ledger.ts'
import { LogTransaction } from '#lib/testing/simulation/coordinator.ts'
import { type Read, Witness } from '#lib/testing/simulation/proof/witness.ts'
import { World } from '#lib/testing/simulation/world.ts'

const META = { epoch: 10, ledgerId: 'l' } as Meta
/** An attempt of epoch 10 of one task, by an owner that had read the source so. */
function attempt(witness: Witness, owner: number, reads: readonly Read[]): LogTransaction {
  const offsets = { group: 'sim.folded', metadata: 'l:10', offsets: [] }
  witness.committing(offsets, new Map([['events', reads]]))
  return new LogTransaction('sim.folded.0', owner, offsets)
}
const caughtUp: Read = { caughtUp: true, hidden: false }
const behind: Read = { caughtUp: false, hidden: false }
const blind: Read = { caughtUp: true, hidden: true }

test('W3: of two owners that attempt an epoch of one number each is judged by its own reads, whoever was the later', () => {
  const witness = new Witness(new World())
  const first = attempt(witness, 6, [behind, caughtUp])
  const fenced = attempt(witness, 5, [behind, behind])
  assert.equal(witness.unfounded(first, 'events', META, 50), null)
  assert.match(witness.unfounded(fenced, 'events', META, 50)!, /^W3: wall time moved events on in epoch 10, but it was not caught up/)
})

test('W3: a read is no reason when an open transaction hid records from it, nor for a source that is never idle', () => {
  const witness = new Witness(new World())
  assert.match(witness.unfounded(attempt(witness, 0, [blind]), 'events', META, 50)!, /^W3/)
  const read = attempt(witness, 0, [caughtUp])
  assert.match(witness.unfounded(read, 'events', META, 'never')!, /^W3: .* which is never idle/)
  witness.draining = true
  assert.equal(witness.unfounded(read, 'events', META, 'never'), null)
})
