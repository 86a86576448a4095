// Mutants of what windows give and what is counted (S3, S4 of semantics.md): I10, I11 and I14 would miss them.
import type { Mutant } from './mutant.ts'

export const results: readonly Mutant[] = [
  {
    name: 'time-per-batch',
    rule: 'S2.1',
    does: 'moves stream time on at the end of what was fetched, not record by record',
    violates: ['I3', 'I11', 'I14', 'W2'],
    changes: [
      {
        file: 'engine/compute-slice.ts',
        is: `if (repartition === null && at > clock.time) clock.advance(at, 'close') } return null`,
        becomes: `latestAt = Math.max(latestAt, at)
  }
  if (repartition === null) clock.advance(latestAt, 'close')
  return null`,
      },
      {
        file: 'engine/compute-slice.ts',
        is: 'cursor.batch = batch cursor.topic = input.name',
        becomes: 'let latestAt = -Infinity\n  cursor.batch = batch\n  cursor.topic = input.name',
      },
    ],
  },
  {
    name: 'revision-told-twice',
    rule: 'S4.2',
    does: 'gives the result that ends a window the revision of its last update',
    violates: ['I10'],
    changes: [{ file: 'stages/window/emit.ts', is: `? 1 : folded + 1`, becomes: `? 1 : folded` }],
  },
  {
    name: 'partly-late-counted',
    rule: 'S3.6',
    does: 'counts a record as late that still counts in other windows',
    violates: ['I14'],
    changes: [
      { file: 'stages/window/late.ts', is: `if (share === 'some') takenOf = cursor.ordinal else countLate()`, becomes: 'countLate()' },
      {
        file: 'stages/window/late.ts',
        is: 'if (takenOf === ordinal || lateOf === ordinal) return',
        becomes: 'if (lateOf === ordinal) return',
      },
    ],
  },
]
