import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  calendar,
  counting,
  days,
  type Flow,
  from,
  isMillraceError,
  joinAsOf,
  joinInterval,
  joinTable,
  type Lookup,
  lookup,
  mapAsync,
  minutes,
  seconds,
  sliding,
  type Stage,
  tableFrom,
} from '#lib/index.ts'
import { type E, copies, events } from '../semantics/jobs.ts'

const timed = { grace: seconds(1), late: 'count-and-drop' } as const
const rows = tableFrom('rows', copies, { versions: { keepFor: days(1) }, version: 1 })
const asked: Lookup<string, number> = { lookup: 'asked', ask: q => q.length }

/** Every stage that comes later, by the word that its refusal names it with. */
const LATER: Readonly<Record<string, () => Stage<Flow<E, string>, unknown>>> = {
  "sliding 's'": () => sliding<E, string>('s', { size: minutes(1), ...timed }),
  "counting 'c'": () => counting<E, string>('c', { n: 3, timeout: 'never' }),
  "calendar 'd'": () => calendar<E, string>('d', { unit: 'day', timeZone: 'Europe/Berlin', ...timed }),
  'mapAsync()': () => mapAsync<E, string, E>(async x => x, { concurrency: 1, order: 'offset', timeout: seconds(1), retry: 'none' }),
  "joinInterval 'j'": () =>
    joinInterval<E, string, E, 'inner', E>('j', from(copies), {
      version: 1,
      kind: 'inner',
      before: seconds(1),
      after: seconds(1),
      ...timed,
      with: x => x,
    }),
  'joinTable()': () => joinTable<E, string, E, 'left', E>(rows, { kind: 'left', with: x => x }),
  'joinAsOf()': () => joinAsOf<E, string, E, 'inner', E>(rows, { kind: 'inner', notOlderThan: 'any', with: x => x }),
  'lookup()': () =>
    lookup<E, string, string, number, 'left', E>(asked, {
      by: x => x.k,
      kind: 'left',
      cache: { rows: 1, ttl: seconds(1), missing: seconds(1) },
      timeout: seconds(1),
      with: x => x,
    }),
}

for (const [call, made] of Object.entries(LATER))
  test(`${call} is described, and refused by name where a plan uses it`, () => {
    const stage = made()
    assert.throws(
      () => from(events).pipe(stage),
      error => isMillraceError(error) && error.code === 'STAGE_NOT_AVAILABLE' && error.message.startsWith(`${call} cannot be used yet`),
    )
  })
