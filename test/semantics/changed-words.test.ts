// S5.7: grace, late and emit may be changed over stored state. What is closed stays closed, what is open closes with everything in it, revisions go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cumulating, type Emit, hopping, millis, session, tumbling } from '#lib/index.ts'
import { Lives } from '../engine/lives.ts'
import { type E, events, lines } from './jobs.ts'
import { anyWindows, at, windowLines } from './window-jobs.ts'

interface Words {
  readonly grace?: number
  readonly correct?: number
  readonly emit?: Emit
}
type Kind = 'tumbling' | 'hopping' | 'cumulating' | 'session'
const job = (kind: Kind, { grace = 0, correct, emit = 'on-close' }: Words) => {
  const words = { grace: millis(grace), late: correct === undefined ? ('count-and-drop' as const) : { correct: millis(correct) } }
  const sized = { ...words, size: millis(20) }
  if (kind === 'session')
    return windowLines(anyWindows(session<E, string>('w', { gap: millis(10), grace: words.grace, late: 'count-and-drop' })), emit)
  if (kind === 'hopping') return windowLines(anyWindows(hopping<E, string>('w', { ...sized, hop: millis(10) })), emit)
  if (kind === 'cumulating') return windowLines(anyWindows(cumulating<E, string>('w', { ...sized, step: millis(10) })), emit)
  return windowLines(anyWindows(tumbling<E, string>('w', sized)), emit)
}
/** Runs with some words over the first records, is started again with others, and runs over the rest. */
async function changed(kind: Kind, from: Words, first: readonly E[], to: Words, rest: readonly E[]) {
  const lives = new Lives()
  await lives.begin(job(kind, from))
  await lives.push(events, ...first)
  await lives.stop()
  await lives.begin(job(kind, to))
  if (rest.length > 0) await lives.push(events, ...rest)
  const { counts } = lives.task(job(kind, to)).session
  await lives.stop()
  return { told: (await lives.results(lines)).map(l => l.text), late: counts.late }
}

test('less grace closes at the start what is due by then, with everything in it', async () => {
  for (const [kind, told] of [
    ['tumbling', ['a [0,20) r1 close final: 3 12']],
    ['hopping', ['a [0,20) r1 close final: 3 12', 'a [10,30) r1 close final: 12']],
    ['cumulating', ['a [0,10) r1 close final: 3', 'a [0,20) r1 close final: 3 12']],
    ['session', ['a [3,22) r1 close final: 3 12']],
  ] as const)
    assert.deepEqual((await changed(kind, { grace: 100 }, [at(3), at(12), at(30, 'b')], { grace: 0 }, [])).told, told, kind)
})
test('less grace: a record that comes now is late for what is due by now', async () => {
  for (const kind of ['tumbling', 'cumulating', 'session'] as const) {
    const { told, late } = await changed(kind, { grace: 100 }, [at(3), at(12), at(45, 'b')], { grace: 0 }, [at(5)])
    assert.equal(late, 1, kind)
    assert.ok(
      told.every(t => !t.endsWith(' 5')),
      kind,
    )
  }
})
test('more grace opens no closed window again: what comes for it is late, also where its panes are still needed', async () => {
  const first = [at(3), at(12), at(20, 'b')]
  const rest = [at(4), at(13), at(500, 'b')]
  const told = async (kind: Kind) => (await changed(kind, { grace: 0 }, first, { grace: 100 }, rest)).told.filter(t => t.startsWith('a'))
  assert.deepEqual(await told('tumbling'), ['a [0,20) r1 close final: 3 12'])
  assert.deepEqual(await told('hopping'), ['a [0,20) r1 close final: 3 12', 'a [10,30) r1 close final: 12 13'])
  assert.deepEqual(await told('cumulating'), ['a [0,10) r1 close final: 3', 'a [0,20) r1 close final: 3 12'])
})
test('more grace leaves a closed window alone for which no record had come', async () => {
  const { told, late } = await changed('hopping', { grace: 0 }, [at(15), at(30, 'b')], { grace: 100 }, [at(16), at(500, 'b')])
  assert.deepEqual(
    told.filter(t => t.startsWith('a')),
    ['a [0,20) r1 close final: 15', 'a [10,30) r1 close final: 15'],
  )
  assert.equal(late, 1)
})
test('kept longer: what had its last result gets no other', async () => {
  const { told, late } = await changed('tumbling', { correct: 5 }, [at(3), at(25, 'b')], { correct: 1_000 }, [at(4), at(26)])
  assert.deepEqual(told, ['a [0,20) r1 close: 3', 'a [0,20) r2 close final: 3'])
  assert.equal(late, 1)
})
test('kept longer: what is kept is corrected for longer', async () => {
  const { told } = await changed('tumbling', { correct: 50 }, [at(3), at(25, 'b')], { correct: 1_000 }, [at(90, 'b'), at(4)])
  assert.deepEqual(
    told.filter(t => t.startsWith('a')),
    ['a [0,20) r1 close: 3', 'a [0,20) r2 late: 3 4'],
  )
})
test('kept no longer: what could be corrected says at once that it can be no more', async () => {
  for (const to of [{}, { correct: 1 }])
    for (const kind of ['tumbling', 'hopping', 'cumulating'] as const) {
      const { told } = await changed(kind, { correct: 50 }, [at(3), at(21, 'b')], to, [])
      assert.deepEqual(
        told.filter(t => t.includes('[0,20)')),
        ['a [0,20) r1 close: 3', 'a [0,20) r2 close final: 3'],
        kind,
      )
    }
})
test('updates no longer told: the last result is still above the ones that were', async () => {
  for (const [kind, window] of [
    ['tumbling', '[0,20)'],
    ['hopping', '[0,20)'],
    ['cumulating', '[0,20)'],
    ['session', '[3,23)'],
  ] as const) {
    const { told } = await changed(kind, { grace: 30, emit: 'on-update' }, [at(3), at(4)], { grace: 30 }, [at(13), at(99, 'b')])
    assert.deepEqual(told.at(-1)!.startsWith('b'), false)
    const of = told.filter(t => t.startsWith(`a ${window}`))
    assert.equal(of.at(-1), `a ${window} r4 close final: 3 4 13`, kind)
  }
})
test('updates told from now on: revisions go on from the records that are there', async () => {
  const { told } = await changed('hopping', {}, [at(3), at(4)], { emit: 'on-update' }, [at(5), at(20)])
  assert.deepEqual(
    told.filter(t => t.includes('[0,20)')),
    ['a [0,20) r4 close final: 3 4 5'],
  )
})
test('ticks told from now on: what was never told is told at the first', async () => {
  const { told } = await changed('tumbling', {}, [at(3), at(4)], { emit: { every: millis(10) } }, [at(10, 'b')])
  assert.deepEqual(told, ['a [0,20) r2 tick: 3 4', 'b [0,20) r1 tick: 10'])
})
