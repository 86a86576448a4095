// Fencing: one owner per transactional id, whatever the zombies do.
import assert from 'node:assert/strict'
import { setImmediate as macrotask } from 'node:timers/promises'
import { isMillraceError } from '../../../model/errors.ts'
import { fenced, logTest, newTopic, type Open, offsetOf, refused, settledOffset, unique, values, write } from './opened-log.ts'

export function fencingTests(open: Open): void {
  logTest(open, 'O1: the newest fence wins: older handles get PRODUCER_FENCED on everything and write nothing', async ({ log }) => {
    const [topic, id, group] = [await newTopic(log, 2), unique('id'), unique('group')]
    const old = await fenced(log, id)
    await old.commit({ writes: [write(topic, 0, 'old')] })
    const young = await fenced(log, id)
    await refused(old.commit({ offsets: offsetOf(group, topic, 0, 99), writes: [write(topic, 0, 'zombie')] }), 'PRODUCER_FENCED')
    await refused(old.commit({ writes: [] }), 'PRODUCER_FENCED')
    await refused(old.fence(), 'PRODUCER_FENCED')
    await young.commit({ writes: [write(topic, 0, 'young')] })
    assert.deepEqual(await values(log, topic), ['old', 'young'])
    assert.equal(await settledOffset(log, id, group, topic, 0), null)
  })

  logTest(open, 'O1: the order of fences counts, not that of handles; a dead handle disturbs nobody', async ({ log }) => {
    const [topic, id] = [await newTopic(log), unique('id')]
    const [first, second] = [log.producer(id), log.producer(id)]
    await second.fence()
    await second.commit({ writes: [write(topic, 0, 'second')] })
    await first.fence()
    await refused(second.commit({ writes: [write(topic, 0, 'zombie')] }), 'PRODUCER_FENCED')
    await refused(second.fence(), 'PRODUCER_FENCED')
    await second.close()
    await first.commit({ writes: [write(topic, 0, 'first')] })
    assert.deepEqual(await values(log, topic), ['second', 'first'])
  })

  logTest(open, 'fencing an id does not touch other ids', async ({ log }) => {
    const topic = await newTopic(log)
    const [a, b] = [await fenced(log), await fenced(log)]
    await a.commit({ writes: [write(topic, 0, 'a')] })
    await fenced(log)
    await b.commit({ writes: [write(topic, 0, 'b')] })
    await a.commit({ writes: [write(topic, 0, 'a again')] })
    assert.deepEqual(await values(log, topic), ['a', 'b', 'a again'])
  })

  logTest(open, 'a commit before fence() is PRODUCER_FENCED and writes nothing', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = log.producer(unique('id'))
    await refused(producer.commit({ writes: [write(topic, 0, 'never')] }), 'PRODUCER_FENCED')
    assert.deepEqual(await values(log, topic), [])
  })

  logTest(open, 'I8: after any error a handle is dead, and the id lives on in the next one', async ({ log }) => {
    const [topic, id] = [await newTopic(log), unique('id')]
    const producer = await fenced(log, id)
    await refused(producer.commit({ writes: [write(unique('nowhere'), 0, 'x')] }), 'TOPIC_UNKNOWN')
    await refused(producer.commit({ writes: [write(topic, 0, 'never')] }), 'PRODUCER_FENCED')
    await refused(producer.fence(), 'PRODUCER_FENCED')
    await producer.close()
    await (await fenced(log, id)).commit({ writes: [write(topic, 0, 'next')] })
    assert.deepEqual(await values(log, topic), ['next'])
  })

  logTest(open, 'a closed handle is dead; closing never throws, also twice and before fence()', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.close()
    await producer.close()
    await refused(producer.commit({ writes: [write(topic, 0, 'never')] }), 'PRODUCER_FENCED')
    const unfenced = log.producer(unique('id'))
    await unfenced.close()
    await refused(unfenced.fence(), 'PRODUCER_FENCED')
    assert.deepEqual(await values(log, topic), [])
  })

  logTest(open, 'O1: a commit under way is settled before the fence resolves: there by then, or never', async ({ log }) => {
    const [topic, id] = [await newTopic(log, 2), unique('id')]
    const expected: string[] = []
    for (let round = 0; round < 24; round++) {
      const zombie = await fenced(log, id)
      const value = `zombie ${round}`
      const outcome = zombie.commit({ writes: [write(topic, 0, value), write(topic, 1, value)] }).then(
        () => 'acknowledged',
        error => (isMillraceError(error) ? error.code : String(error)),
      )
      for (let wait = 0; wait < round % 6; wait++) await macrotask()
      const owner = await fenced(log, id)
      const seen = [await values(log, topic, 0), await values(log, topic, 1)]
      assert.deepEqual(seen[0], seen[1])
      const there = seen[0]!.includes(value)
      const settled = await outcome
      assert.ok(['acknowledged', 'PRODUCER_FENCED', 'COMMIT_UNKNOWN'].includes(settled), settled)
      if (settled === 'acknowledged') assert.ok(there, 'an acknowledged transaction is visible when the fence resolves')
      if (settled === 'PRODUCER_FENCED') assert.ok(!there, 'a fenced transaction wrote nothing')
      if (there) expected.push(value)
      await owner.commit({ writes: [write(topic, 0, `owner ${round}`), write(topic, 1, `owner ${round}`)] })
      expected.push(`owner ${round}`)
      await refused(zombie.commit({ writes: [write(topic, 0, 'never')] }), 'PRODUCER_FENCED')
    }
    assert.deepEqual([await values(log, topic, 0), await values(log, topic, 1)], [expected, expected])
  })

  logTest(open, 'O1: of many owners that fence and commit at once one remains, and nothing is there twice or torn', async ({ log }) => {
    const [topic, id, group] = [await newTopic(log, 2), unique('id'), unique('group')]
    const acknowledged: string[] = []
    const claims = Array.from({ length: 8 }, async (_, n) => {
      const producer = log.producer(id)
      try {
        await producer.fence()
        for (let turn = 0; turn < 3; turn++) {
          const value = `${n}.${turn}`
          await producer.commit({
            offsets: offsetOf(group, topic, 0, n * 3 + turn),
            writes: [write(topic, 0, value), write(topic, 1, value)],
          })
          acknowledged.push(value)
        }
      } catch (error) {
        assert.ok(isMillraceError(error) && ['PRODUCER_FENCED', 'COMMIT_UNKNOWN'].includes(error.code), String(error))
      }
    })
    await Promise.all(claims)
    const last = await fenced(log, id)
    await last.commit({ writes: [write(topic, 0, 'last'), write(topic, 1, 'last')] })
    const [zero, one] = [await values(log, topic, 0), await values(log, topic, 1)]
    assert.deepEqual(zero, one)
    assert.equal(new Set(zero).size, zero.length)
    assert.equal(zero.at(-1), 'last')
    for (const value of acknowledged) assert.ok(zero.includes(value), `${value} was acknowledged`)
  })
}
