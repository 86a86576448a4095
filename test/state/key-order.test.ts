import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareKeys, type Key } from '#lib/model/key.ts'
import { KeyOrder } from '#lib/state/key-order.ts'

const key: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'aa', 'é', '10', '9', ''),
  fc.integer({ min: -3, max: 12 }),
  fc.string({ maxLength: 2 }),
)

test('S3.9: the values of any keys come in key order, whatever keys came before', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(key, { maxLength: 40 }), { maxLength: 6 }), calls => {
      const order = new KeyOrder()
      for (const keys of calls) assert.deepEqual(order.valuesOf(new Map(keys.map(k => [k, k]))), [...keys].sort(compareKeys))
    }),
  )
})
