// Group offsets, and membership: who works on which partition numbers.
import assert from 'node:assert/strict'
import type { Membership, RecordLog } from '../../../ports/record-log.ts'
import { fenced, logTest, newTopic, type Open, offsetOf, settledOffset, unique, write } from './opened-log.ts'

/** A member that remembers what it was told; `told` wakes who waits for a change. */
class Member {
  numbers: readonly number[] = []
  calls = 0
  left = false
  membership!: Membership
  static async join(log: RecordLog, group: string, tasks: number, change: { told: () => void }): Promise<Member> {
    const member = new Member()
    member.membership = await log.join(group, tasks, numbers => {
      assert.equal(member.left, false, 'a member that left is told nothing any more')
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
        'numbers ascend',
      )
      member.numbers = numbers
      member.calls++
      change.told()
    })
    return member
  }
  async leave(): Promise<void> {
    await this.membership.leave()
    this.left = true
  }
}

/** Waits until every number of the group belongs to exactly one of `members`, evenly. */
async function settled(members: readonly Member[], tasks: number, change: { told: () => void }): Promise<void> {
  for (;;) {
    const told = new Promise<void>(resolve => (change.told = resolve))
    const all = members.flatMap(m => m.numbers)
    const counts = members.map(m => m.numbers.length)
    const complete = all.length === tasks && new Set(all).size === tasks && all.every(n => n >= 0 && n < tasks)
    if (complete && Math.max(...counts) - Math.min(...counts) <= 1 && members.every(m => m.calls > 0)) return
    await told
  }
}

export function groupTests(open: Open): void {
  logTest(open, 'a group has no offset until one is committed, then its latest, also a lower one', async ({ log }) => {
    const [topic, group, id] = [await newTopic(log, 2), unique('group'), unique('id')]
    assert.equal(await log.committed(group, topic, 0), null)
    await (await fenced(log, id)).commit({ offsets: offsetOf(group, topic, 0, 7, 'first'), writes: [write(topic, 0, 'a')] })
    assert.deepEqual(await settledOffset(log, id, group, topic, 0), { next: 7, metadata: 'first' })
    await (await fenced(log, id)).commit({ offsets: offsetOf(group, topic, 0, 3, 'ü second'), writes: [] })
    assert.deepEqual(await settledOffset(log, id, group, topic, 0), { next: 3, metadata: 'ü second' })
    await (await fenced(log, id)).commit({ offsets: offsetOf(group, topic, 0, 4), writes: [] })
    assert.deepEqual(await settledOffset(log, id, group, topic, 0), { next: 4, metadata: '' })
    assert.equal(await log.committed(group, topic, 1), null)
    assert.equal(await log.committed(unique('group'), topic, 0), null)
  })

  logTest(open, 'groups() tells every offset of every group', async ({ log }) => {
    const [topic, one, two, id] = [await newTopic(log, 3), unique('group'), unique('group'), unique('id')]
    await (await fenced(log, id)).commit({
      offsets: {
        group: one,
        metadata: 'm',
        offsets: [
          { topic, partition: 0, next: 1 },
          { topic, partition: 2, next: 2 },
        ],
      },
      writes: [],
    })
    await (await fenced(log, id)).commit({ offsets: offsetOf(two, topic, 1, 3), writes: [] })
    await fenced(log, id)
    const rows = (await log.groups()).filter(g => g.group === one || g.group === two)
    assert.deepEqual(
      rows.toSorted((a, b) => a.next - b.next).map(r => ({ ...r })),
      [
        { group: one, topic, partition: 0, next: 1, metadata: 'm' },
        { group: one, topic, partition: 2, next: 2, metadata: 'm' },
        { group: two, topic, partition: 1, next: 3, metadata: '' },
      ],
    )
  })

  logTest(open, 'a lone member has all numbers; of two groups each has its own', async ({ log }) => {
    const [change, other] = [{ told: () => {} }, { told: () => {} }]
    const a = await Member.join(log, unique('group'), 5, change)
    const b = await Member.join(log, unique('group'), 2, other)
    await settled([a], 5, change)
    await settled([b], 2, other)
    assert.deepEqual(
      [a.numbers, b.numbers],
      [
        [0, 1, 2, 3, 4],
        [0, 1],
      ],
    )
    await a.leave()
    await b.leave()
  })

  logTest(open, 'members share the numbers evenly; who joins takes no more than its share, who leaves gives all back', async ({ log }) => {
    const [group, change, tasks] = [unique('group'), { told: () => {} }, 7]
    const a = await Member.join(log, group, tasks, change)
    await settled([a], tasks, change)
    const b = await Member.join(log, group, tasks, change)
    await settled([a, b], tasks, change)
    const [beforeA, beforeB] = [a.numbers, b.numbers]
    const c = await Member.join(log, group, tasks, change)
    await settled([a, b, c], tasks, change)
    assert.ok(
      a.numbers.every(n => beforeA.includes(n)),
      'a member that stays is given nothing when another joins',
    )
    assert.ok(
      b.numbers.every(n => beforeB.includes(n)),
      'a member that stays is given nothing when another joins',
    )
    const [keptA, keptC] = [a.numbers, c.numbers]
    await b.leave()
    await settled([a, c], tasks, change)
    assert.ok(
      keptA.every(n => a.numbers.includes(n)),
      'a member that stays keeps what it has when another leaves',
    )
    assert.ok(
      keptC.every(n => c.numbers.includes(n)),
      'a member that stays keeps what it has when another leaves',
    )
    await a.leave()
    await settled([c], tasks, change)
    await c.leave()
  })

  logTest(open, 'more members than numbers: some have none, and one is there when a place is free', async ({ log }) => {
    const [group, change] = [unique('group'), { told: () => {} }]
    const members = [await Member.join(log, group, 2, change)]
    for (let n = 0; n < 3; n++) members.push(await Member.join(log, group, 2, change))
    await settled(members, 2, change)
    while (members.length > 1) {
      await members.shift()!.leave()
      await settled(members, 2, change)
    }
    await members[0]!.leave()
  })
}
