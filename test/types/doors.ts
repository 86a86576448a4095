// What the doors give is typed by the topic or table that it is asked of.
import type { Observable } from 'rxjs'
import { from, fromObservable, integer, json, processor, table, text, topic, upsert } from '#lib/index.ts'
import { type Committed, embedded } from '#lib/embedded.ts'
import { drive } from '#lib/testing.ts'
import { equal } from './equal.ts'

interface Reading {
  sensor: string
  at: number
  celsius: number
}
const reading = json(value => value as Reading)
const readings = topic('readings', { value: reading, key: 'sensor', time: 'at' })
const latest = table('latest', { columns: { sensor: text, celsius: integer }, key: ['sensor'] })
const loading = processor('loading', from(readings).to(upsert(latest, ({ sensor, celsius }) => ({ sensor, celsius }))))
declare const readings$: Observable<Reading>
declare const texts$: Observable<string>

// ---- the test driver
const driven = await drive(loading)
const emitted = await driven.push(readings, { sensor: 'a', at: 1, celsius: 2 })
equal<readonly Reading[]>()(emitted.of(readings))
equal<readonly { readonly sensor: string; readonly celsius: number }[]>()(emitted.of(latest))
equal<Reading>()(emitted.records(readings)[0]!.value)
equal<Observable<Committed<Reading>>>()(driven.observe(readings))
// @ts-expect-error a value that the topic does not hold
await driven.push(readings, { sensor: 'a', at: 1 })

// ---- a source that is an Observable
const source = fromObservable('source', readings$, { value: reading, key: 'sensor', time: 'at' })
from(source).to(readings)
// @ts-expect-error its values are no readings
fromObservable('source', texts$, { value: reading, key: 'sensor', time: 'at' })
// @ts-expect-error no field of a reading
fromObservable('source', readings$, { value: reading, key: 'room', time: 'at' })
// @ts-expect-error a time is a number
fromObservable('source', readings$, { value: reading, key: 'sensor', time: 'sensor' })
// @ts-expect-error there is no such word
fromObservable('source', readings$, { value: reading, key: 'sensor', time: 'at', refused: 'ignore' })

// ---- a program of one's own
const millrace = await embedded({ directory: 'data', processors: loading })
equal<Observable<Committed<Reading>>>()(millrace.observe(source))
await millrace.send(readings, { sensor: 'a', at: 1, celsius: 2 })
// @ts-expect-error a value that the topic does not hold
await millrace.send(readings, { sensor: 'a', at: 'noon', celsius: 2 })
// @ts-expect-error without processors there is nothing to run
await embedded({ directory: 'data' })
