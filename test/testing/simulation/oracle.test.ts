// The oracle fires: each of its checks is shown what it must find.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { columnsOf } from '#lib/model/record-batch.ts'
import { Broker } from '#lib/testing/simulation/broker.ts'
import {
  committedRecords,
  CommittedTail,
  committedTransactions,
  FoldedOffsets,
  offsetsViolation,
  OneEpochBetweenBarriers,
  type SeenRecord,
  tornViolation,
  unstableViolation,
  WholeTransactions,
} from '#lib/testing/simulation/oracle.ts'
import { SimulatedLog } from '#lib/testing/simulation/record-log.ts'
import { write } from './drawn.ts'

async function opened() {
  const broker = new Broker()
  const log = new SimulatedLog(broker)
  await log.createTopic({ name: 't', partitions: 2, retention: 'forever' })
  const producer = log.producer('id')
  await producer.fence()
  return { broker, log, producer, partition: broker.partition('t', 0) }
}
const offsets = (next: number) => ({ group: 'g', metadata: `m${next}`, offsets: [{ topic: 't', partition: 1, next }] })
const values = (records: readonly SeenRecord[]): string[] => records.map(r => r.value!.toString())
const one = (value: string) => columnsOf([{ time: 0, key: 'k', value, headers: [['h', 'x']] }])

describe('reading', () => {
  test('a tail gives every committed record once, when it is stable, with its producer epoch', async () => {
    const { broker, log, producer, partition } = await opened()
    const tail = new CommittedTail(partition)
    assert.deepEqual(tail.next(), [])
    await producer.commit({ writes: [write('t', 0, 'a', 'b')] })
    assert.deepEqual(values(tail.next()), ['a', 'b'])
    assert.deepEqual(tail.next(), [])
    broker.coordinator.begin('other', broker.coordinator.fence('other') as number, null)
    partition.append(broker.coordinator.open('other', 0), one('open'))
    await producer.commit({ writes: [write('t', 0, 'behind')] })
    assert.deepEqual(tail.next(), [])
    partition.mark(broker.coordinator.open('other', 0))
    const next = log.producer('id')
    await next.fence()
    await next.commit({ writes: [write('t', 0, 'c')] })
    const seen = tail.next()
    assert.deepEqual(values(seen), ['behind', 'c'])
    assert.deepEqual(
      seen.map(r => [r.writer.transactionalId, r.writer.epoch]),
      [
        ['id', 0],
        ['id', 1],
      ],
    )
    assert.deepEqual(values(committedRecords(broker, 't', 0)), ['a', 'b', 'behind', 'c'])
  })

  test('a tail says so when something was deleted before it was given, and goes on behind what it has given', async () => {
    const { producer, partition } = await opened()
    const [early, late] = [new CommittedTail(partition), new CommittedTail(partition)]
    await producer.commit({ writes: [write('t', 0, 'a', 'b')] })
    assert.equal(early.next().length, 2)
    partition.deleteBelow(1)
    await producer.commit({ writes: [write('t', 0, 'c')] })
    assert.deepEqual(values(early.next()), ['c'])
    assert.throws(() => late.next(), { code: 'INTERNAL' })
  })

  test('committed transactions are listed with their writes and offsets, of one id or of all', async () => {
    const { broker, log, producer } = await opened()
    await producer.commit({ offsets: offsets(1), writes: [write('t', 0, 'a', 'b'), write('t', 1, 'c')] })
    const other = log.producer('other')
    await other.fence()
    await other.commit({ writes: [write('t', 1, 'd')] })
    broker.coordinator.begin('id', 0, offsets(9))
    broker.coordinator.fence('id')
    const [first, ...rest] = committedTransactions(broker, 'id')
    assert.deepEqual(rest, [])
    assert.deepEqual(first!.writes, [
      { topic: 't', partition: 0, base: 0, count: 2 },
      { topic: 't', partition: 1, base: 0, count: 1 },
    ])
    assert.equal(first!.offsets!.metadata, 'm1')
    assert.deepEqual(
      committedTransactions(broker).map(t => t.transaction.transactionalId),
      ['id', 'other'],
    )
  })
})

describe('I2', () => {
  test('whole transactions pass, at once and looked at step by step, also when their records were deleted', async () => {
    const { broker, producer, partition } = await opened()
    const whole = new WholeTransactions(broker)
    for (let n = 0; n < 5; n++) {
      await producer.commit({ offsets: offsets(n), writes: [write('t', 0, 'a', 'b'), write('t', 1, 'c')] })
      if (n === 2) partition.deleteBelow(4)
      assert.equal(whole.violation(), null)
    }
    assert.equal(tornViolation(broker), null)
  })

  test('a committed transaction that hides a record, or did not store its offsets, is found', async () => {
    for (const defect of ['record', 'offsets'] as const) {
      const { broker, producer, partition } = await opened()
      const whole = new WholeTransactions(broker)
      await producer.commit({ offsets: offsets(1), writes: [write('t', 0, 'a', 'b')] })
      if (defect === 'record') partition.entries.shift()
      else broker.offsetTransactions.length = 0
      assert.match(
        String(whole.violation()),
        defect === 'record' ? /I2: .* hides 2 of 2 records in t\/0/ : /I2: .* did not store its offsets/,
      )
      assert.equal(tornViolation(broker), new WholeTransactions(broker).violation())
    }
  })

  test('an aborted transaction that shows a record, or stored its offsets, is found', async () => {
    for (const defect of ['record', 'offsets'] as const) {
      const { broker, partition } = await opened()
      broker.coordinator.begin('id', 0, offsets(1))
      const transaction = broker.coordinator.open('id', 0)
      const base = partition.append(transaction, one('a'))
      transaction.partitions.add(partition)
      transaction.appends.push({ partition, base, count: 1 })
      assert.equal(tornViolation(broker), null)
      broker.coordinator.fence('id')
      assert.equal(tornViolation(broker), null)
      if (defect === 'record') {
        const [entry, ...rest] = partition.entries
        partition.entries.splice(0, 9, { ...entry!, writer: { ...transaction, verdict: 'commit' } as never }, ...rest)
      } else broker.offsetTransactions.push(transaction)
      assert.match(String(tornViolation(broker)), defect === 'record' ? /I2: .* shows 1 of 1 records in t\/0/ : /I2: .* stored its offsets/)
    }
  })
})

describe('group offsets and stability', () => {
  test('stored group offsets are the fold of the transactions; one that is not is found', async () => {
    const { broker, producer } = await opened()
    const folded = new FoldedOffsets(broker)
    await producer.commit({ offsets: offsets(5), writes: [] })
    assert.equal(folded.violation(), null)
    await producer.commit({ offsets: offsets(3), writes: [] })
    assert.equal(folded.violation(), null)
    assert.equal(folded.at('g', 't', 1)?.next, 3)
    assert.equal(folded.at('g', 't', 0), null)
    broker.setOffsets(offsets(4))
    assert.match(String(folded.violation()), /group 'g' stands at 4 of t\/1, its transactions say 3/)
    assert.equal(offsetsViolation(broker), folded.violation())
  })

  test('I12: a transaction that is open anywhere is found', async () => {
    const { broker, producer, partition } = await opened()
    await producer.commit({ writes: [write('t', 0, 'a')] })
    assert.equal(unstableViolation(broker), null)
    broker.coordinator.begin('id', 0, null)
    partition.append(broker.coordinator.open('id', 0), one('open'))
    assert.match(String(unstableViolation(broker)), /I12: t\/0 is stable to 2, its end is 3/)
  })
})

describe('I6', () => {
  const ledger = (...records: readonly (readonly [kind: 'barrier' | 'meta', epoch: number])[]): string | null => {
    const epochs = new OneEpochBetweenBarriers(r => r.value!.toString() === 'barrier')
    let found: string | null = null
    records.forEach(([kind, epoch], offset) => {
      const record = { offset, value: Buffer.from(kind), writer: { epoch } } as unknown as SeenRecord
      found ??= epochs.violation(record)
    })
    return found
  }
  test('one epoch between barriers passes, whatever was skipped', () => {
    assert.equal(ledger(['barrier', 0], ['meta', 0], ['barrier', 0], ['meta', 0], ['barrier', 4], ['meta', 4]), null)
  })
  test('a record of another epoch than its barrier, or a barrier of an older one, is found', () => {
    assert.match(String(ledger(['barrier', 0], ['meta', 0], ['meta', 1])), /I6: record 2 has epoch 1, the barrier before it 0/)
    assert.match(String(ledger(['barrier', 1], ['meta', 0])), /I6: record 1 has epoch 0/)
    assert.match(String(ledger(['barrier', 1], ['meta', 1], ['barrier', 0])), /I6: record 2 has epoch 0/)
  })
})
