// What packing a changed entry into a delta block costs, next to JSON.stringify of the same entries in the same run (CPU per entry, medians of rounds).
// node bench/state-delta.ts [rounds, default 9]
import { KeyedStore } from '#lib/state/keyed-store.ts'
import { BlockWriter } from '#lib/state/delta.ts'
import { UndoLog } from '#lib/state/undo.ts'

const ROUNDS = Number(process.argv[2] ?? 9)
const KEYS = 100_000
/** Changed keys of an epoch under load. */
const EPOCH = 3_000
const EPOCHS = 300

const undo = new UndoLog()
const values: readonly { readonly what: string; readonly of: (i: number) => unknown }[] = [
  { what: 'a number', of: i => i },
  { what: 'two numbers', of: i => ({ count: i, sum: i * 3 }) },
  {
    what: 'five fields with a text',
    of: i => ({ orders: i, units: i * 2, revenue: i * 1.25, since: 1_760_000_100_000 + i, last: 'ord-10000000' }),
  },
]

const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}
const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[of.length >> 1]!

console.log('state value               µs per changed entry   bytes   JSON.stringify µs   ratio')
for (const { what, of } of values) {
  const store = new KeyedStore<unknown>('s')
  for (let i = 0; i < KEYS; i++) store.set(`user-${i}`, of(i), i, undo)
  undo.forget()
  const block = new BlockWriter(['s'])
  store.writeChanges(block, 0, 1)
  block.take()
  const packed: number[] = []
  const json: number[] = []
  let bytes = 0
  let at = 0
  for (let round = 0; round <= ROUNDS; round++) {
    let spent = 0
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      for (let n = 0; n < EPOCH; n++, at = (at + 7919) % KEYS) store.set(`user-${at}`, of(at), at, undo)
      undo.forget()
      const from = cpu()
      store.writeChanges(block, 0, epoch + 2)
      const blocks = block.take()
      spent += cpu() - from
      bytes = blocks.reduce((n, b) => n + b.length, 0) / EPOCH
      store.applied(epoch + 2)
    }
    if (round > 0) packed.push(spent / (EPOCH * EPOCHS))
    const from = cpu()
    let length = 0
    for (let n = 0; n < EPOCH * 30; n++, at = (at + 7919) % KEYS) length += Buffer.from(JSON.stringify([`user-${at}`, at, of(at)])).length
    if (round > 0) json.push((cpu() - from) / (EPOCH * 30))
    if (length === 0) throw new Error('nothing was written')
  }
  const [p, j] = [median(packed), median(json)]
  console.log(
    `${what.padEnd(26)}${p.toFixed(3).padStart(20)}${bytes.toFixed(0).padStart(8)}${j.toFixed(3).padStart(20)}${(j / p).toFixed(1).padStart(8)}`,
  )
}
