import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApplyCall } from '#lib/ports/state-cache.ts'
import { CacheServer, type PackedEntry } from '#lib/testing/simulation/cache-server.ts'
import { drawnOut, drawnTo, striking, watched } from './drawn.ts'

const call = (expect: string | null, stamp: string, replace = false): Omit<ApplyCall, 'entries'> => ({
  expect,
  stamp,
  landed: [stamp],
  replace,
})
const entry = (key: string, value: string | null): PackedEntry => ['s', key, value === null ? null : Buffer.from(value)]
const shown = (server: CacheServer): string => {
  const content = server.content('t')
  const entries = [...(content?.stores.get('s') ?? [])].map(([k, v]) => `${k}=${Buffer.from(v).toString()}`)
  return `${content?.stamp ?? 'none'}: ${entries.sort().join(' ')}`
}

/** A history with changes, deletions, a replacement, a wipe and a loss; after each step what there was. */
function lived(remembered: number): { readonly server: CacheServer; readonly states: readonly string[] } {
  const server = new CacheServer(remembered)
  const states = [shown(server)]
  const steps: readonly (() => unknown)[] = [
    () => server.apply('t', call(null, '1'), [entry('a', '1'), entry('b', '1')]),
    () => server.apply('t', call('1', '2'), [entry('a', '2'), entry('b', null), entry('a', '3'), entry('c', '2')]),
    () => server.apply('t', call('2', '3', true), [entry('d', '3')]),
    () => server.apply('t', call('3', '4'), [entry('d', null), entry('d', '4')]),
    () => server.wipe('t', '4'),
    () => server.apply('t', call(null, '6'), [entry('a', '6')]),
    () => server.lose('t'),
  ]
  for (const step of steps) {
    step()
    states.push(shown(server))
  }
  return { server, states }
}

test('a roll-back gives exactly what was there before the last calls, to any depth', () => {
  const { states } = lived(8)
  assert.deepEqual(states.slice(0, 4), ['none: ', '1: a=1 b=1', '2: a=3 c=2', '3: d=3'])
  for (let back = 1; back < states.length; back++) {
    const { server } = lived(8)
    server.rollBack('t', back)
    assert.equal(shown(server), states.at(-1 - back), `${back} calls back`)
    assert.equal(server.pastStamps('t').length, states.length - 1 - back)
  }
})

test('one roll-back after the other is the same as both at once, and goes no deeper than what is remembered', () => {
  const { server, states } = lived(3)
  assert.equal(server.pastStamps('t').length, 3)
  server.rollBack('t', 1)
  server.rollBack('t', 1)
  assert.equal(shown(server), states.at(-3))
  server.rollBack('t', 99)
  assert.equal(shown(server), states.at(-4))
  assert.equal(server.pastStamps('t').length, 0)
})

test('calls that changed nothing are not remembered', () => {
  const { server } = lived(8)
  const before = server.pastStamps('t').length
  assert.equal(server.apply('t', call('nonsense', '7'), [entry('a', '7')]), 'mismatch')
  assert.equal(server.wipe('t', null), 'wiped')
  assert.equal(server.lose('t'), 'nothing')
  assert.equal(server.pastStamps('t').length, before)
})

test('E6: an APPLY that lands after its error writes what it was given then, or nothing when the stamp has moved on', async () => {
  for (const moved of ['not moved', 'moved']) {
    const simulation = striking('lands late', 'cache.apply', 'request')
    const { cache } = simulation.ports(simulation.process('p'))
    const value = Buffer.from('given')
    const entries = [{ store: 's', key: Buffer.from('k'), value }]
    const late = watched(cache.apply('t', { ...call(null, '1'), entries }))
    await simulation.run(() => late.state !== 'pending')
    assert.equal(late.code, 'CACHE_UNAVAILABLE')
    value.fill(0x58)
    if (moved === 'moved') assert.equal(await drawnTo(simulation, cache.apply('t', { ...call(null, '2'), entries: [] })), 'applied')
    await drawnOut(simulation)
    assert.equal(shown(simulation.world.cache), moved === 'moved' ? '2: ' : '1: k=given')
  }
})
