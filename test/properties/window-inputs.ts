// Random windows and random records for them: few keys, much disorder, times that touch bounds, records that are refused elsewhere.
import fc from 'fast-check'
import type { Arrival, Deed } from '../oracle/windows/task.ts'
import type { AlignedWords, Emit, SessionWords, WindowWords } from '../oracle/windows/words.ts'

export const emits: fc.Arbitrary<Emit> = fc.oneof(
  fc.constant('on-close' as const),
  fc.constant('on-update' as const),
  fc.record({ every: fc.integer({ min: 1, max: 25 }) }),
)
const graces = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 }))
const offsets = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }))
const keeps = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 }))

const words = { grace: graces, emit: emits, offset: offsets, keep: keeps }
const tumblings = fc.record({
  kind: fc.constant('tumbling' as const),
  size: fc.integer({ min: 1, max: 20 }),
  hop: fc.constant(1),
  ...words,
})
const hoppings = fc
  .record({ kind: fc.constant('hopping' as const), size: fc.integer({ min: 1, max: 24 }), hop: fc.integer({ min: 1, max: 24 }), ...words })
  .map(w => ({ ...w, hop: Math.min(w.hop, w.size) }))
const cumulatings = fc
  .record({ kind: fc.constant('cumulating' as const), size: fc.integer({ min: 1, max: 6 }), hop: fc.integer({ min: 1, max: 8 }), ...words })
  .map(w => ({ ...w, size: w.size * w.hop }))
export const aligned: fc.Arbitrary<AlignedWords> = fc.oneof(tumblings, hoppings, cumulatings)
export const sessions: fc.Arbitrary<SessionWords> = fc
  .record({
    kind: fc.constant('session' as const),
    gap: fc.integer({ min: 1, max: 15 }),
    longer: fc.option(fc.integer({ min: 0, max: 30 })),
    grace: graces,
    emit: emits,
  })
  .map(({ longer, ...w }) => ({ ...w, longest: longer === null ? Infinity : w.gap + longer }))
export const anyWindows: fc.Arbitrary<WindowWords> = fc.oneof({ weight: 3, arbitrary: aligned }, { weight: 1, arbitrary: sessions })

/** Times go up by small steps and now and then by a jump; records come out of order, and some are stamped with another time. */
export const arrivals = (o: { most: number; refused: 'some' | 'none' }): fc.Arbitrary<readonly Arrival[]> =>
  fc
    .array(
      fc.record({
        key: fc.constantFrom('a', 'a', 'b', 9, 10),
        step: fc.oneof(
          { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 }) },
          { weight: 1, arbitrary: fc.integer({ min: 7, max: 120 }) },
        ),
        back: fc.oneof(
          { weight: 2, arbitrary: fc.constant(0) },
          { weight: 2, arbitrary: fc.integer({ min: 1, max: 15 }) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) },
        ),
        refused: fc.integer({ min: 0, max: 9 }),
        stamped: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -20, max: 40 }) }),
      }),
      { minLength: 1, maxLength: o.most },
    )
    .map(drawn => {
      let now = 0
      return drawn.map(({ key, step, back, refused, stamped }, i) => {
        now += step
        const sourceTime = Math.max(0, now - back)
        const fate = o.refused === 'some' && refused === 0 ? 'refused' : 'taken'
        return { key, at: Math.max(0, sourceTime + stamped), sourceTime, weight: 2n ** BigInt(i), fate } as const
      })
    })

/** What is done: records are pushed in pieces, there may be a drain between, and there is one at the end. */
export const deeds = (records: fc.Arbitrary<readonly Arrival[]>): fc.Arbitrary<readonly Deed[]> =>
  fc
    .tuple(records, fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }), fc.option(fc.integer({ min: 0, max: 3 })))
    .map(([all, cuts, drainAfter]) => {
      const bounds = [0, ...cuts.filter(c => c < all.length).sort((a, b) => a - b), all.length]
      const pushes = bounds.slice(1).map((to, i): Deed => ({ push: all.slice(bounds[i]!, to) }))
      if (drainAfter !== null && drainAfter < pushes.length - 1) pushes.splice(drainAfter + 1, 0, { drain: 'drain' })
      return [...pushes, { drain: 'drain' }]
    })

/** Before which deeds the process dies, and how: between two deeds, or in the middle of a call that the next one makes. */
export interface Death {
  readonly before: number
  readonly atCall: number | null
  readonly cache: 'kept' | 'lost'
}
export const deaths: fc.Arbitrary<readonly Death[]> = fc.array(
  fc.record({
    before: fc.integer({ min: 0, max: 5 }),
    atCall: fc.option(fc.integer({ min: 1, max: 40 })),
    cache: fc.constantFrom('kept' as const, 'lost' as const),
  }),
  { maxLength: 3 },
)
