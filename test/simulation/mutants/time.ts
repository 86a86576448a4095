// Mutants of stream time through a repartition and of idleness (S2 of semantics.md, E7).
import type { Mutant } from './mutant.ts'

export const time: readonly Mutant[] = [
  {
    name: 'unheard-ignored',
    rule: 'S2.5',
    does: 'leaves upstream tasks out that were never heard of',
    violates: ['W1', 'W2'],
    changes: [
      {
        file: 'engine/watermark.ts',
        is: 'if (this.#idle[i] === 0 && time < low) low = time',
        becomes: 'if (this.#idle[i] === 0 && time < low && time !== -Infinity) low = time',
      },
    ],
  },
  {
    name: 'max-instead-of-min',
    rule: 'S2.5',
    does: 'follows the fastest upstream task, not the slowest',
    violates: ['W1', 'W2'],
    changes: [{ file: 'engine/watermark.ts', is: 'return low === Infinity ? high : low', becomes: 'return high' }],
  },
  {
    name: 'idle-with-open-windows',
    rule: 'S2.5',
    does: 'tells that it is idle although it holds windows that will still emit',
    violates: ['W1', 'W2'],
    changes: [
      {
        file: 'engine/tell.ts',
        is: `return this.#silent ? 'idle' : 'busy'`,
        becomes: `return this.sources.every(s => s.time.idle) ? 'idle' : 'busy'`,
      },
    ],
  },
  {
    name: 'marks-before-results',
    rule: 'S2.5',
    does: 'lets the marks of a transaction be heard before its results',
    violates: ['I14', 'W1', 'W2'],
    changes: [
      {
        file: 'engine/compute-slice.ts',
        is: 'for (let i = from; i < to; i++) { cursor.index = i',
        becomes: `
  if (repartition !== null) for (let i = from; i < to; i++) if (batch.columns.keyLengths[i] === -1) heard(input, batch, i)
  for (let i = from; i < to; i++) {
    cursor.index = i`,
      },
    ],
  },
  {
    name: 'records-advance-time',
    rule: 'S2.5',
    does: 'lets the records of a repartition topic move stream time on',
    violates: ['W1', 'W2'],
    changes: [{ file: 'engine/compute-slice.ts', is: 'if (repartition === null && at > clock.time)', becomes: 'if (at > clock.time)' }],
  },
  {
    name: 'silent-upstream',
    rule: 'S2.5',
    does: 'says nothing downstream while it never had a record',
    violates: ['L1'],
    changes: [
      {
        file: 'engine/tell.ts',
        is: 'return this.#time === null || this.#place',
        becomes: 'if (this.#place.clock.time === -Infinity) return false\n    return this.#place',
      },
    ],
  },
  {
    name: 'reader-decides-idleness',
    rule: 'S2.5',
    does: 'judges by its own clock, not by the marks, that a repartition topic is idle',
    violates: ['W1', 'W2'],
    changes: [
      {
        file: 'engine/input-time.ts',
        is: 'else if (this.marks !== null) { if (this.marks.allIdle) this.#anchorWall = now }',
        becomes: '',
      },
      {
        file: 'engine/input-time.ts',
        is: 'if (this.marks !== null && !this.marks.allIdle) this.#anchorWall = null else if',
        becomes: 'if',
      },
    ],
  },
  {
    name: 'time-goes-back',
    rule: 'S2.1',
    does: 'lets stream time follow every record, back as well',
    violates: ['I3', 'I9', 'W2'],
    changes: [
      { file: 'stages/window/clock.ts', is: 'if (!(time > this.time)) return', becomes: 'if (time === this.time) return' },
      {
        file: 'engine/compute-slice.ts',
        is: 'if (repartition === null && at > clock.time)',
        becomes: 'if (repartition === null && at > -Infinity)',
      },
    ],
  },
  {
    name: 'idle-at-the-stable-offset',
    rule: 'S2.3',
    does: 'calls an input caught up while an open transaction hides records',
    violates: ['W3'],
    changes: [
      {
        file: 'testing/simulation/partition.ts',
        is: 'caughtUp: next === stable && stable === end && end === this.end',
        becomes: 'caughtUp: next === stable',
      },
    ],
  },
  {
    name: 'idle-while-behind',
    rule: 'S2.3',
    does: 'judges idleness although it is not caught up',
    violates: ['W3'],
    changes: [{ file: 'engine/input-time.ts', is: 'if (!caughtUp) this.#anchorWall = null else if', becomes: 'if' }],
  },
]
