// What the compiler needs for processors: 30 processors of 12 stages each, over a project that only imports the library. npm run bench -- types [rounds]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const ROUNDS = Number(process.argv[2] ?? 5)
const PROCESSORS = 30
const root = join(import.meta.dirname, '..')
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

const processorText = (n: number): string => `
import { map as rxMap } from 'rxjs'
import { aggregate, avro, count, filter, flatMap, from, keyInPlace, map, max, minutes, processor, rx, scan, seconds, sum, tap, topic, tumbling } from 'millrace'

const orders = topic('orders-${n}', { key: 'user_id', time: 'at', value: avro({ type: 'record', name: 'Order${n}', fields: [
  { name: 'order_id', type: 'string' }, { name: 'user_id', type: 'string' }, { name: 'at', type: 'long' }, { name: 'total', type: 'double' },
  { name: 'country', type: ['null', 'string'] },
  { name: 'items', type: { type: 'array', items: { type: 'record', name: 'Item${n}', fields: [{ name: 'product_id', type: 'string' }, { name: 'quantity', type: 'int' }, { name: 'price', type: 'double' }] } } },
] }) })
const results = topic('results-${n}', { key: 'product', time: 'until', value: avro({ type: 'record', name: 'Result${n}', fields: [
  { name: 'product', type: 'string' }, { name: 'until', type: 'long' }, { name: 'n', type: 'long' }, { name: 'largest', type: 'double' }, { name: 'rank', type: 'long' },
  { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 } },
] }) })
export const p${n} = processor('p${n}', from(orders).pipe(
  filter(o => o.total > 0),
  flatMap(o => o.items.map(i => ({ ...i, at: o.at, country: o.country }))),
  filter(i => i.quantity > 0),
  map(i => ({ ...i, amount: i.price * i.quantity })),
  tap(i => void i.amount),
  keyInPlace(i => i.product_id),
  tumbling('w', { size: minutes(5), grace: seconds(1), late: 'count-and-drop' }),
  aggregate({ n: count(), largest: max(i => i.amount), amount: sum(i => i.amount, { decimals: 4 }) }, { emit: 'on-close' }),
  filter(w => w.value.n > 1),
  scan('rank', { version: 1, ttl: null, initial: () => ({ seen: 0 }), next: (s, w) => ({ state: { seen: s.seen + 1 }, emit: [{ ...w, rank: s.seen }] }) }),
  rx(rxMap(w => ({ product: w.key, until: w.end, rank: w.rank, ...w.value }))),
  map(r => ({ product: r.product, until: r.until, n: r.n, largest: r.largest, rank: r.rank, amount: r.amount })),
).to(results))
`

const place = mkdtempSync(join(tmpdir(), 'millrace-types-'))
symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'dir')
writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
writeFileSync(join(place, 'empty.ts'), "import * as millrace from 'millrace'\nexport default millrace.from\n")
for (let n = 0; n < PROCESSORS; n++) writeFileSync(join(place, `p${n}.ts`), processorText(n))
for (const [name, files] of [
  ['empty', ['empty.ts']],
  ['full', ['empty.ts', ...Array.from({ length: PROCESSORS }, (_, n) => `p${n}.ts`)]],
] as const) {
  const compilerOptions = { paths: { millrace: [join(root, 'lib', 'index.ts')] }, noEmit: true, incremental: false }
  writeFileSync(join(place, `${name}.json`), JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files }))
}

/** Seconds as the compiler itself tells them. */
function seconds(project: string): number {
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', join(place, `${project}.json`), '--extendedDiagnostics'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stdout)
  return Number(/^Total time: +([\d.]+)s/m.exec(stdout)![1])
}
const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!
const empty: number[] = []
const full: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  empty.push(seconds('empty'))
  full.push(seconds('full'))
}
rmSync(place, { recursive: true })
console.log(
  `${PROCESSORS} processors of 12 stages: ${median(full).toFixed(2)} s, a project that only imports the library ${median(empty).toFixed(2)} s; ` +
    `difference ${(median(full) - median(empty)).toFixed(2)} s, ratio ${(median(full) / median(empty)).toFixed(2)} (budget of the difference: 1 s)`,
)
