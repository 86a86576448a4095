// What pure stages cost per record, with cursor, error boundary, undo and outbox: partition, key bytes and columns of what is sent. The bytes of the values are
// not in it (npm run bench -- codec), nor is the log. npm run bench -- stages [rounds]
import { map as rxMap } from 'rxjs'
import { filter, from, json, map, processor, rx, tap, topic } from '#lib/index.ts'
import { type Feed, perEvent, printFigures, Rig } from './rig/pipeline.ts'

interface Order {
  readonly user: string
  readonly at: number
  readonly total: number
}
const orders = topic('orders', { key: 'user', time: 'at', value: json(v => v as Order) })
const out = topic('out', { key: 'user', time: 'at', value: json(v => v as Order) })

const values = Array.from({ length: 10_000 }, (_, i) => {
  const key = `user-${i % 1_000}`
  return { key, value: { user: key, at: 1_760_000_000_000, total: (i % 5_000) / 100 } }
})
const feed: Feed = { values, events: 1_000_000, at: i => 1_760_000_000_000 + i }
const five = () =>
  from(orders).pipe(
    filter(o => o.total >= 0),
    map(o => ({ user: o.user, at: o.at, total: o.total + 1 })),
    tap(() => {}),
    map(o => ({ user: o.user, at: o.at, total: o.total * 2 })),
    filter(o => o.total < 1_000),
  )
const rig = (flow: ReturnType<typeof five>): Rig => new Rig(processor('bench', flow.to(out)), orders as never, [out as never])

printFigures(
  perEvent(
    {
      'source straight to the outbox': () => rig(from(orders)),
      'five pure stages': () => rig(five()),
      'five pure stages and an rx()': () => rig(five().pipe(rx(rxMap(o => o)))),
      'five pure stages, nothing sent': () => rig(five().pipe(filter(() => false))),
    },
    feed,
    Number(process.argv[2] ?? 7),
  ),
  { 'five pure stages': 0.08, 'five pure stages and an rx()': 0.13 },
  'five pure stages',
)
