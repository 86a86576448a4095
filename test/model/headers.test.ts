import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Arena } from '#lib/model/arena.ts'
import { packHeaders, unpackHeaders } from '#lib/model/record-batch.ts'

test('headers read back as they were packed, also when the arena grows in the middle of one', () => {
  const header = fc.tuple(fc.string({ maxLength: 60 }), fc.option(fc.oneof(fc.string({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }))))
  fc.assert(
    fc.property(fc.array(header, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 200 }), (headers, size) => {
      const arena = new Arena(size)
      packHeaders(arena, headers)
      const read = [...unpackHeaders(arena.copy())]
      const bytes = (v: string | Uint8Array | null): string | null => (v === null ? null : Buffer.from(v).toString('hex'))
      assert.deepEqual(
        read.map(([name, value]) => [name, bytes(value)]),
        headers.map(([name, value]) => [Buffer.from(name).toString(), bytes(value)]),
      )
    }),
  )
})
