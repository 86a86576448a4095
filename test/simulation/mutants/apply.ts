// Mutants of APPLY (E6 of exactly-once.md §3): how the cache follows.
import type { Mutant } from './mutant.ts'

export const apply: readonly Mutant[] = [
  {
    name: 'applied-before-acknowledgement',
    rule: 'E6',
    does: 'gives the changes of an epoch to APPLY when its commit begins',
    violates: ['I4', 'I7'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: 'const { baseOffsets } = await session.producer.commit(epoch.transaction) // E4',
        becomes: `
  behind.committed(epoch.blocks, null, epoch.meta.epoch)
  const { baseOffsets } = await session.producer.commit(epoch.transaction)`,
      },
      { file: 'engine/turn.ts', is: 'behind.committed(epoch.blocks, at, ', becomes: 'behind.committed([], at, ' },
      {
        file: 'engine/behind.ts',
        is: 'this.#waiting.push(...blocks) this.#target = {',
        becomes: 'this.#waiting.push(...blocks)\n    if (metaAt !== null) this.#target = {',
      },
    ],
  },
  {
    name: 'resident-values',
    rule: 'E6',
    does: 'carries the values that are in memory now, not those of the acknowledged epochs',
    violates: ['I4'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: 'behind.committed(epoch.blocks, at, epoch.meta.epoch) // E6',
        becomes: `
  pipeline.stores.forEach((store, i) => store.writeAll(session.block, i))
  behind.committed([...epoch.blocks, ...session.block.take()], at, epoch.meta.epoch) // E6`,
      },
      {
        file: 'engine/turn.ts',
        is: 'const { facts, behind } = session const { clock, observer }',
        becomes: 'const { facts, behind, pipeline } = session\n  const { clock, observer }',
      },
    ],
  },
  {
    name: 'last-epoch-only',
    rule: 'E6',
    does: 'carries the changes of the last epoch, not of all since the last APPLY',
    violates: ['I4'],
    changes: [{ file: 'engine/behind.ts', is: 'this.#waiting.push(...blocks)', becomes: 'this.#waiting = [...blocks]' }],
  },
  {
    name: 'no-comparison',
    rule: 'E6',
    does: 'writes to the cache whatever stamp it carries',
    violates: ['I4'],
    changes: [
      { file: 'engine/apply.ts', is: 'expect: this.#expect, landed', becomes: 'expect: await this.#cache.stamp(this.#task), landed' },
    ],
  },
  {
    name: 'later-calls-not-compared',
    rule: 'E6',
    does: 'compares the stamp in the first call of an APPLY only',
    violates: ['I4'],
    changes: [
      {
        file: 'engine/apply.ts',
        is: 'expect: this.#expect, landed',
        becomes: 'expect: this.#expect === this.#plan.expect ? this.#expect : await this.#cache.stamp(this.#task), landed',
      },
    ],
  },
  {
    name: 'token-without-part',
    rule: 'E6',
    does: 'marks the cache dirty without the number of the call that did it',
    violates: ['I4'],
    changes: [
      { file: 'engine/stamp.ts', is: ':${nonce}:${call}`', becomes: ':${nonce}:${call && 1}`' },
      { file: 'engine/apply.ts', is: 'landed: [stamp],', becomes: `landed: stamp.includes(':dirty:') ? [] : [stamp],` },
    ],
  },
  {
    name: 'clean-at-once',
    rule: 'E6',
    does: 'sets the clean stamp with the first of several calls',
    violates: ['I4'],
    changes: [{ file: 'engine/apply.ts', is: 'dirtyStamp(ledgerId, from, to, nonce, ++this.#calls)', becomes: 'cleanStamp(ledgerId, to)' }],
  },
  {
    name: 'two-applies-at-once',
    rule: 'E6',
    does: 'begins an APPLY while another is under way',
    violates: ['I4', 'L2'],
    changes: [
      {
        file: 'engine/life.ts',
        is: 'if (this.#behind !== null || (now < this.#behindAt + this.#o.behindEveryMs && now >= this.#behindAt)) return',
        becomes: '',
      },
    ],
  },
]
