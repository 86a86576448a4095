import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Groups } from '#lib/adapters/embedded/membership.ts'
import { coded } from './opened.ts'

test('at no moment two members have been told of the same number, whoever comes and goes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.array(fc.nat(9), { maxLength: 25 }), async (tasks, moves) => {
      const groups = new Groups()
      const told = new Map<number, readonly number[]>()
      const members: { name: number; leave(): Promise<void> }[] = []
      let names = 0
      const sole = (): void => {
        const all = [...told.values()].flat()
        assert.equal(new Set(all).size, all.length)
      }
      for (const move of [0, ...moves]) {
        const before = new Map(told)
        if (move < 6 || members.length === 0) {
          const name = names++
          const { leave } = groups.join('g', tasks, numbers => {
            told.set(name, numbers)
            sole()
          })
          members.push({ name, leave })
        } else {
          const [gone] = members.splice(move % members.length, 1)
          told.delete(gone!.name)
          await gone!.leave()
          await gone!.leave()
        }
        if (members.length === 0) continue
        const counts = members.map(m => told.get(m.name)!.length)
        assert.equal(
          counts.reduce((a, b) => a + b),
          tasks,
        )
        assert.ok(Math.max(...counts) - Math.min(...counts) <= 1)
        const moved = members.filter(m => before.has(m.name)).flatMap(m => told.get(m.name)!.filter(n => !before.get(m.name)!.includes(n)))
        const stayers = members.filter(m => before.has(m.name)).flatMap(m => before.get(m.name)!)
        assert.ok(
          moved.every(n => !stayers.includes(n)),
          'no number moves between members that stay',
        )
      }
    }),
  )
})

test('PLAN_INVALID: members that count different tasks do not share a group', () => {
  const groups = new Groups()
  groups.join('g', 4, () => {})
  assert.throws(() => groups.join('g', 5, () => {}), coded('PLAN_INVALID', "'g'", '4', '5'))
})

test('after closing nobody is told anything', async () => {
  const groups = new Groups()
  let calls = 0
  const first = groups.join('g', 4, () => calls++)
  const second = groups.join('g', 4, () => calls++)
  const before = calls
  groups.close()
  await first.leave()
  await second.leave()
  assert.equal(calls, before)
})
