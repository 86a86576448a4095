import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain } from '#lib/cli/inspection/plain.ts'
import { decimal } from '#lib/index.ts'

test('whatever a state holds becomes JSON, and no digit is lost', () => {
  const value = {
    money: decimal('1234.5000', 4),
    big: 2n ** 63n,
    bytes: Buffer.from([1, 2]),
    at: new Date(0),
    never: new Date(NaN),
    n: NaN,
    list: [1, undefined, Infinity],
    map: new Map([['a', 1n]]),
    none: undefined,
    nothing: null,
  }
  assert.deepEqual(plain(value), {
    money: '1234.5000',
    big: '9223372036854775808',
    bytes: 'AQI=',
    at: '1970-01-01T00:00:00.000Z',
    never: 'Invalid Date',
    n: 'NaN',
    list: [1, null, 'Infinity'],
    map: [['a', '1']],
    none: null,
    nothing: null,
  })
})

test('a value that contains itself ends somewhere', () => {
  const value: { self?: unknown } = {}
  value.self = value
  assert.match(JSON.stringify(plain(value)), /…/)
})
