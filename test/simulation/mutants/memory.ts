// Mutants of what a task has in memory (E2 of exactly-once.md §3, and the dirty keys of §1).
import type { Mutant } from './mutant.ts'

export const memory: readonly Mutant[] = [
  {
    name: 'dirty-key-evicted',
    rule: 'E2',
    does: 'lets a key go whose change the cache does not have yet',
    violates: ['I3', 'I11'],
    changes: [
      {
        file: 'state/keyed-store.ts',
        is: `else if (entry.changed === 'clean' && entry.epoch <= this.#applied) {`,
        becomes: `else if (entry.changed === 'clean') {`,
      },
    ],
  },
  {
    name: 'computed-key-evicted',
    rule: 'E2',
    does: 'takes a key for clean that a computed epoch has changed',
    violates: ['I3', 'I11'],
    changes: [{ file: 'state/keyed-store.ts', is: 'entry.epoch = epoch } if (deleted', becomes: '}\n    if (deleted' }],
  },
  {
    name: 'clean-when-apply-begins',
    rule: 'E2',
    does: 'takes keys for clean when the APPLY that carries them begins',
    violates: ['I3', 'I11'],
    changes: [
      {
        file: 'engine/behind.ts',
        is: 'this.#reaching = target.at const',
        becomes: 'this.#reaching = target.at\n    this.#o.applied(target.epoch)\n    const',
      },
    ],
  },
  {
    name: 'tombstone-dropped',
    rule: 'E2',
    does: 'forgets a deleted key before the cache has deleted it',
    violates: ['I3', 'I11'],
    changes: [{ file: 'state/keyed-store.ts', is: 'deleted.push(entry)', becomes: 'this.#entries.delete(entry.key)' }],
  },
  {
    name: 'read-under-any-stamp',
    rule: 'E2',
    does: 'believes what the cache answers, whatever stamp it carries',
    violates: ['I3', 'I11'],
    changes: [{ file: 'engine/residency.ts', is: 'if (!this.#o.behind.isMine(stamp, asked))', becomes: 'if (stamp === undefined)' }],
  },
  {
    name: 'read-in-two-calls',
    rule: 'E2',
    does: 'asks for the stamp in one call and for the values in another',
    violates: ['I3', 'I11'],
    changes: [
      {
        file: 'engine/residency.ts',
        is: 'const { stamp, values } = await cache.read(',
        becomes: 'const stamp = await cache.stamp(task)\n      const { values } = await cache.read(',
      },
    ],
  },
  {
    name: 'read-when-dirty',
    rule: 'E2',
    does: 'believes what the cache answers in the middle of any APPLY',
    violates: ['I3', 'I11'],
    changes: [{ file: 'engine/behind.ts', is: 'return found.nonce === this.#o.nonce && found.from >= asked', becomes: 'return true' }],
  },
  {
    name: 'read-when-fallen-back',
    rule: 'E2',
    does: 'believes what the cache answers at an earlier meta than it was known to reflect',
    violates: ['I3', 'I11'],
    changes: [
      {
        file: 'engine/behind.ts',
        is: 'return found.at >= asked && found.at <= this.#reaching',
        becomes: 'return found.at <= this.#reaching',
      },
    ],
  },
  {
    name: 'snapshot-of-memory-only',
    rule: 'SNAPSHOT',
    does: 'leaves out of a snapshot what is not in memory',
    violates: ['I3', 'I11'],
    changes: [
      {
        file: 'engine/snapshot.ts',
        is: 'await session.residency.writeEvicted(session.block, store => pipeline.stores.indexOf(store))',
        becomes: '',
      },
    ],
  },
]
