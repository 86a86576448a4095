// How a task lives, with a task that does what the test says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Life, type OpenTask, type TurnOutcome } from '#lib/engine/life.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { ManualClock } from '#lib/testing/simulation/clock.ts'

test('a task is not drained while a turn is under way, whose results are not committed yet', async () => {
  const clock = new ManualClock()
  const turns: ((outcome: TurnOutcome) => void)[] = []
  const task: OpenTask = {
    turn: () => new Promise(resolve => turns.push(resolve)),
    nextDecision: () => Infinity,
    arrived: () => new Promise(() => {}),
    behind: async () => {},
    settle: async () => {},
    drained: true,
    close: async () => {},
  }
  const labels = { processor: 'p', partition: 0 }
  const life = new Life({ labels, clock, observer: SILENT, behindEveryMs: 100, open: async () => task })
  life.drain()
  const subscription = life.turns().subscribe()
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve)) // between turns it breathes
  }
  const underWay = async (): Promise<number> => {
    await settled()
    return turns.length
  }
  for (let i = 0; i < 2; i++) {
    // the call to drain is heard after the first turn, and makes it turn again
    assert.deepEqual([await underWay(), life.drained], [1, false])
    turns.pop()!('quiet')
  }
  assert.deepEqual([await underWay(), life.drained], [0, true])
  await clock.advance(100)
  assert.deepEqual([await underWay(), life.drained], [1, false], 'the next turn may find something to commit')
  turns.pop()!('quiet')
  assert.deepEqual([await underWay(), life.drained], [0, true])
  subscription.unsubscribe()
})
