// What a plan may not be is refused where the processor is made, by one coded error that says what, where and what to do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  avro,
  count,
  type Flow,
  from,
  insertOnly,
  json,
  keyBy,
  map,
  merge,
  millis,
  type Output,
  type Processor,
  type ProcessorOptions,
  processor,
  scan,
  seconds,
  table,
  text,
  topic,
  tumbling,
  upsert,
} from '#lib/index.ts'
import { fingerprintOf } from '#lib/model/plan.ts'
import type { PlanNode } from '#lib/model/stage.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'
import { codec, copies, type E, events, lines, window } from '../semantics/jobs.ts'

const told = map((x: { k: string }) => ({ k: x.k, text: '' }))
const counter = (name: string, version = 1) =>
  scan<E, string, number, E>(name, { version, ttl: null, initial: () => 0, next: n => ({ state: n + 1 }) })
const refused = (make: () => unknown, message: RegExp, code = 'PLAN_INVALID') => assert.throws(make, { code, message })
const p = (...flows: readonly Flow<E, string>[]): Processor => processor('p', flows.map(f => f.pipe(told).to(lines)) as unknown as [Output])

test('a processor has outputs, and they were made by .to()', () => {
  refused(() => processor('p', [] as unknown as [Output]), /'p' has no outputs: end at least one flow with \.to/)
  refused(() => processor('p', from(events) as unknown as Output), /a processor is a list of outputs/)
  refused(() => (from(events) as unknown as { to: () => unknown }).to(), /needs a topic or a table/)
  refused(() => planOfProcessor({ id: 'p' } as Processor), /this is no processor/)
})

test('S5.1: names of stages with memory are there once, and versions are numbers from 1', () => {
  const flow = from(events)
  refused(() => p(flow.pipe(counter('n')), flow.pipe(counter('n'))), /two stages of 'p' are called 'n'/, 'PLAN_DUPLICATE_NAME')
  const windows = flow.pipe(
    tumbling('n', { ...window, late: 'count-and-drop' }),
    aggregate({ n: count() }, { emit: 'on-close' }),
    map(w => ({ k: w.key, text: '' })),
  )
  refused(() => processor('p', [flow.pipe(counter('n'), told).to(lines), windows.to(lines)]), /called 'n'/, 'PLAN_DUPLICATE_NAME')
  for (const version of [0, -1, 1.5, NaN, null as unknown as number]) refused(() => p(flow.pipe(counter('n', version))), /version/)
  for (const name of ['', 'x'.repeat(201), 'ü'.repeat(101), 'n.timers']) refused(() => p(flow.pipe(counter(name))), /is called/)
  p(flow.pipe(counter('x'.repeat(200))), flow.pipe(counter('n')))
  const many = Array.from({ length: 101 }, (_, i) => flow.pipe(counter(`n${i}`)))
  p(...many.slice(1))
  refused(() => p(...many), /101 stages with state: at most 100/)
})

test('a topic has one description: the same codec, key, time, partitions and retention wherever it is read or written', () => {
  const other = json(value => value as E)
  const base = { key: 'k', time: 'at', value: codec } as const
  for (const [word, changed] of [
    ['codecs', { ...base, value: other }],
    ["'time'", { ...base, time: 'v' as const }],
    ["'time'", { ...base, time: 'record-timestamp' as const }],
    ["'partitions'", { ...base, partitions: 3 }],
    ["'retention'", { ...base, retention: seconds(5) }],
  ] as const) {
    const again = topic('events', changed)
    refused(() => p(from(events), from(again)), new RegExp(`'p' knows 'events' by two descriptions with different ${word}`))
    refused(() => processor('p', [from(events).pipe(told).to(lines), from(copies).to(again)]), /two descriptions/)
  }
  const keyed = topic('lines', { key: 'text', time: 'record-timestamp', value: json(value => value as { k: string; text: string }) })
  refused(() => processor('p', from(events).pipe(told).to(lines, keyed)), /different 'key'/)
  p(from(events), from(topic('events', base)))
})

test('two Avro codecs of one schema are one codec', () => {
  const described = () =>
    topic('read', {
      key: 'k',
      time: 'at',
      value: avro({
        type: 'record',
        name: 'R',
        fields: [
          { name: 'k', type: 'string' },
          { name: 'at', type: 'long' },
        ],
      }),
    })
  processor('p', [from(described()).pipe(told).to(lines), from(described()).pipe(told).to(lines)])
})

test('an input is read in one way: flows that begin with it agree on start and idle', () => {
  const words = /reads 'events' twice with different 'start' or 'idle'/
  refused(() => p(from(events), from(events, { start: 'latest' })), words)
  refused(() => p(from(events), from(events, { idle: 'never' })), words)
  refused(() => p(from(events, { start: { at: new Date(5) } }), from(events, { start: { at: new Date(6) } })), words)
  p(from(events, { start: { at: new Date(5) } }), from(events, { start: { at: new Date(5) } }))
})

test('a repartition topic belongs to one keyBy(): its marks say how far that is', () => {
  const via = topic('via', { key: 'k', time: 'at', value: codec })
  const by = keyBy((x: E) => x.k, { via })
  refused(() => p(from(events).pipe(by), from(copies).pipe(by)), /goes through 'via' with two keyBy\(\).*merge\(\) before one/)
  refused(() => p(from(events).pipe(by), from(via)), /reads 'via' by from\(\) and goes through it with keyBy\(\)/)
  refused(() => p(from(via), from(events).pipe(by)), /reads 'via' by from\(\) and goes through it with keyBy\(\)/)
  refused(() => processor('p', [from(events).pipe(by, told).to(lines), from(copies).to(via)]), /also writes it/)
  const once = from(events).pipe(by)
  p(once, once, merge(once, from(copies)))
})

test('a table has one description and is written in one way', () => {
  const rows = (): ReturnType<typeof made> => made()
  const made = () => table('rows', { columns: { k: text }, key: ['k'] })
  const [one, two] = [rows(), rows()]
  const row = (x: E) => ({ k: x.k })
  refused(() => processor('p', from(events).to(upsert(one, row), upsert(two, row))), /table 'rows' by two descriptions/)
  refused(
    () => processor('p', from(events).to(upsert(one, row), insertOnly(one, row, { duplicate: 'skip' }))),
    /by upsert and by insert-skip/,
  )
})

test('a plan is frozen through and through, and so are its processor and options, but not what its author passed in', () => {
  const options: ProcessorOptions = { idleAfter: seconds(1) }
  const flow = from(events).pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate({ n: count() }, { emit: 'on-close' }))
  const made = processor('p', flow.pipe(map(w => ({ k: w.key, text: '' }))).to(lines), options)
  const plan = planOfProcessor(made)
  const before = [made.describe('json'), fingerprintOf(plan)]
  const changes: (() => void)[] = [
    () => Object.assign(made, { id: 'q' }),
    () => Object.assign(made.options, { idleAfter: 'never' }),
    () => (plan.nodes as PlanNode[]).pop(),
  ]
  for (const node of plan.nodes) {
    const { spec } = node
    changes.push(
      () => Object.assign(node, { id: -1 }),
      () => (node.inputs as PlanNode[]).push(node),
      () => Object.assign(spec, { step: 'other' }),
      () => Object.assign(spec.reads, { passes: 'other' }),
    )
    for (const part of [spec.tuning, spec.state, spec.targets, spec.source, spec.state?.['folds']] as const)
      if (part !== undefined) changes.push(() => Object.assign(part as object, { more: 1 }))
  }
  for (const change of changes) assert.throws(change, TypeError)
  assert.deepEqual([made.describe('json'), fingerprintOf(plan)], before)
  Object.assign(options, { idleAfter: millis(7) })
  assert.equal(made.options.idleAfter, 1_000)
})
