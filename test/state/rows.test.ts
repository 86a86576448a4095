import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Rows } from '#lib/state/rows.ts'

const state = fc.oneof(fc.integer(), fc.double({ noNaN: true }), fc.constantFrom('text', null), fc.constant(['array']))

test('rows keep what was put into them, over many pages, whatever the kinds of states, also while others are removed', () => {
  const step = fc.record({
    what: fc.constantFrom('end', 'end', 'end', 'change', 'remove'),
    id: fc.nat({ max: 2_000 }),
    many: fc.integer({ min: 1, max: 400 }),
    states: fc.tuple(state, fc.double({ noNaN: true })),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const rows = new Rows(2)
      const plain = new Map<number, readonly unknown[]>()
      for (const { what, id: first, many, states } of steps)
        for (let id = first; id < first + many; id++) {
          const row = rows.find(id)
          assert.equal(row >= 0, plain.has(id))
          if (what === 'remove' && row >= 0) {
            rows.remove(row)
            plain.delete(id)
          } else if (row >= 0 ? what === 'change' : what === 'end') {
            const to = row >= 0 ? row : rows.size
            const [page, at] = [rows.page(to), rows.at(to)]
            page[at] = states[0]
            page[at + 1] = states[1] + id
            if (row >= 0) rows.setCounts(row, 2, 1)
            else assert.equal(rows.end(id, 1, 0), to)
            plain.set(id, [states[0], states[1] + id, row >= 0 ? 2 : 1, row >= 0 ? 1 : 0])
          }
        }
      assert.equal(rows.size, plain.size)
      for (const [id, kept] of plain) {
        const row = rows.find(id)
        assert.deepEqual([rows.page(row)[rows.at(row)], rows.page(row)[rows.at(row) + 1], rows.folded(row), rows.told(row)], kept)
      }
    }),
    { numRuns: 100 },
  )
})
