import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compareKeys, murmur2, partitionOf } from '#lib/model/key.ts'

interface KeyCase {
  readonly id: string
  readonly keyBase64: string
  readonly keyText?: string
  readonly murmur2: number
  readonly positive: number
  readonly partition: Readonly<Record<string, number>>
}
const FILE = new URL('../../../shared/cases/murmur2/partitions.json', import.meta.url)
const cases: readonly KeyCase[] = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as KeyCase[]) : []
const skip = cases.length > 0 ? false : `the recorded cases are not at ${fileURLToPath(FILE)}`

test('S1.4: murmur2 and the partition of every recorded key are those of the Java client', { skip }, () => {
  for (const c of cases) {
    const key = Buffer.from(c.keyBase64, 'base64')
    assert.equal(murmur2(key), c.murmur2, c.id)
    for (const [partitions, expected] of Object.entries(c.partition)) assert.equal(partitionOf(key, Number(partitions)), expected, c.id)
    if (c.keyText !== undefined) assert.equal(partitionOf(Buffer.from(c.keyText), 12), c.partition['12'], `${c.id} as text`)
  }
})

test('S1.4: a key within a larger buffer lives in the same partition', { skip }, () => {
  for (const c of cases) {
    const key = Buffer.from(c.keyBase64, 'base64')
    const around = Buffer.concat([Buffer.alloc(3, 0xff), key, Buffer.alloc(3, 0xff)])
    assert.equal(murmur2(around, 3, 3 + key.length), c.murmur2, c.id)
    assert.equal(partitionOf(around, 100, 3, 3 + key.length), c.partition['100'], c.id)
  }
})

test('S1.4: known answers of org.apache.kafka.common.utils.Utils.murmur2', () => {
  // from Kafka's own UtilsTest
  const KNOWN: readonly (readonly [text: string, hash: number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ]
  for (const [text, hash] of KNOWN) assert.equal(murmur2(Buffer.from(text)), hash)
})

test('S3.9: keys are ordered numbers first, then text by UTF-16 code unit', () => {
  const keys = ['b', 10, 'a', 9, '', -1, '10', 'ä', '\u{1F600}', '\uFFFD', 'B', 2 ** 40]
  assert.deepEqual([...keys].sort(compareKeys), [-1, 9, 10, 2 ** 40, '', '10', 'B', 'a', 'b', 'ä', '\u{1F600}', '\uFFFD'])
  assert.equal(compareKeys('a', 'a'), 0)
  assert.equal(compareKeys(3, 3), 0)
})
