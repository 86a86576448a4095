import assert from 'node:assert/strict'
import { test } from 'node:test'
import { schemaIdAt, WIRE_HEADER, wireFault, writeHeader } from '#lib/codec/wire.ts'
import { Arena } from '#lib/model/arena.ts'

test('the header is a zero byte and the id, big endian; it is found where the value begins', () => {
  for (const id of [0, 1, 258, 0x01020304, 2 ** 31 - 1]) {
    const arena = new Arena(1)
    arena.utf8('before')
    writeHeader(arena, id)
    arena.utf8('after')
    const bytes = arena.copy()
    assert.equal(schemaIdAt(bytes, 6, bytes.length), id)
    assert.equal(bytes.length, 6 + WIRE_HEADER + 5)
  }
  const arena = new Arena()
  writeHeader(arena, 0x01020304)
  assert.deepEqual([...arena.copy()], [0, 1, 2, 3, 4])
})

test('WIRE_MALFORMED: empty, short, another magic byte, JSON, a negative id', () => {
  const WRONG: readonly (readonly [bytes: readonly number[], message: RegExp])[] = [
    [[], /is empty/],
    [[0], /has 1 bytes; the header alone needs 5/],
    [[0, 0, 0, 1], /has 4 bytes/],
    [[1, 0, 0, 0, 1], /begins with byte 1 instead of the magic byte 0$/],
    [[...Buffer.from('{"a":1}')], /begins with byte 123 .*looks like JSON/],
    [[0, 255, 255, 255, 255], /negative schema id/],
    [[0, 128, 0, 0, 0, 1], /negative schema id/],
  ]
  for (const [given, message] of WRONG) {
    // a good header right behind must not help
    const bytes = Buffer.from([...given, 0, 0, 0, 0, 1])
    assert.equal(schemaIdAt(bytes, 0, given.length), -1)
    const fault = wireFault(bytes, 0, given.length)
    assert.equal(fault.code, 'WIRE_MALFORMED')
    assert.match(fault.message, message)
  }
})
