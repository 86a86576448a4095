// The operator's way out (S5.1): a processor forgets what it remembers, and goes on from where it is told. For each task this is one epoch of its ledger, a
// snapshot of nothing with new positions, so a crash leaves every task either as it was or reset.
import { MillraceError } from '../model/errors.ts'
import { fingerprintOf, inputOf, kindOf, type Plan, sourcesOf, stateLines } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import type { Ports } from './environment.ts'
import { lastMeta } from './last-meta.ts'
import { barrierWrite, epochWrite, ledgerTopic, type Meta, NO_COUNTS } from './ledger.ts'

/** From where it goes on: all that its inputs still hold, only what comes from now on, or where it stood. */
export type ResetTo = 'earliest' | 'latest' | 'keep'

export interface InputReset {
  readonly input: string
  /** Next offset before (null: it never had one) and after. */
  readonly from: number | null
  readonly to: number
}
export interface TaskReset {
  readonly partition: number
  /** Entries that it remembers, by store. */
  readonly remembers: Readonly<Record<string, number>>
  readonly inputs: readonly InputReset[]
}
export type ResetPorts = Pick<Ports, 'log' | 'tables' | 'clock' | 'random'>

/** A processor whose tasks do not run. */
export interface Resetting {
  readonly app: string
  readonly plan: Plan
  readonly to: ResetTo
}

/** What a reset would do; nothing is changed. @throws OPTION_INVALID for a feed that is to go on at its latest */
export async function resetOutlook(ports: ResetPorts, resetting: Resetting): Promise<readonly TaskReset[]> {
  const { plan } = resetting
  if (kindOf(plan) === 'sink') return sinkResets(ports, resetting)
  const tasks: TaskReset[] = []
  for (let partition = 0; partition < (await tasksOf(ports, resetting)); partition++) {
    const { stable } = await ports.log.bounds(ledgerOf(resetting), partition)
    const meta = await lastMeta(ports.log, ledgerOf(resetting), partition, stable)
    const after = await metaAfter(ports, resetting, partition, meta)
    if (after !== null) tasks.push(taskReset(partition, meta, after))
  }
  return tasks
}

/** Resets every task, one after the other; again after a crash it does the rest. @returns what it did */
export async function reset(ports: ResetPorts, resetting: Resetting): Promise<readonly TaskReset[]> {
  const { app, plan } = resetting
  if (kindOf(plan) === 'sink') {
    const resets = await sinkResets(ports, resetting)
    for (const { partition, inputs } of resets)
      for (const { input, to } of inputs) await ports.tables!.reset(plan.processor, input, partition, to)
    return resets
  }
  const ledger = ledgerOf(resetting)
  const tasks: TaskReset[] = []
  for (let partition = 0; partition < (await tasksOf(ports, resetting)); partition++) {
    const producer = ports.log.producer(`${app}.${plan.processor}.${partition}`)
    try {
      await producer.fence() // O1, O2: nobody else commits from here on
      const barrier = await producer.commit({ writes: [barrierWrite(ledger, partition, ports.clock.now(), { why: 'again' })] })
      const meta = await lastMeta(ports.log, ledger, partition, barrier.baseOffsets[0]!)
      const after = await metaAfter(ports, resetting, partition, meta)
      if (after === null) continue
      const offsets = sourcesOf(plan)
        .filter(n => inputOf(n).kind === 'topic' && after.positions[inputOf(n).name] !== undefined)
        .map(n => ({ topic: inputOf(n).name, partition, next: after.positions[inputOf(n).name]! }))
      await producer.commit({
        offsets: { group: `${app}.${plan.processor}`, metadata: `${after.ledgerId}:${after.epoch}`, offsets },
        writes: [epochWrite(ledger, partition, [], after)],
      })
      tasks.push(taskReset(partition, meta, after))
    } finally {
      await producer.close()
    }
  }
  return tasks
}

const ledgerOf = ({ app, plan }: Resetting): string => ledgerTopic(app, plan.processor)
const tasksOf = async ({ log }: ResetPorts, resetting: Resetting): Promise<number> =>
  (await log.topic(ledgerOf(resetting)))?.partitions ?? 0

/** The meta of a reset task; null for one that never stood anywhere. */
async function metaAfter(ports: ResetPorts, resetting: Resetting, partition: number, meta: Meta | null): Promise<Meta | null> {
  const { plan, to } = resetting
  const positions: Record<string, number> = {}
  for (const node of sourcesOf(plan)) {
    const next = await positionAfter(ports, resetting, node, partition, meta)
    if (next !== null) positions[inputOf(node).name] = next
  }
  if (meta === null && Object.keys(positions).length === 0) return null
  return {
    epoch: (meta?.epoch ?? 0) + 1,
    ledgerId: meta?.ledgerId ?? ports.random.uuid(),
    kind: 'snapshot',
    positions,
    times: to === 'keep' ? (meta?.times ?? {}) : {},
    marks: to === 'keep' ? (meta?.marks ?? {}) : {},
    feeds: to === 'keep' ? (meta?.feeds ?? {}) : {},
    liveKeys: {},
    fingerprint: fingerprintOf(plan),
    stages: stateLines(plan),
    snapshotAt: meta?.snapshotAt ?? null,
    counts: to === 'keep' ? (meta?.counts ?? NO_COUNTS) : NO_COUNTS,
    ts: ports.clock.now(),
  }
}

/** Null: the task has no such input, or begins it as if it were new. */
async function positionAfter(
  { log }: ResetPorts,
  { app, plan, to }: Resetting,
  node: PlanNode,
  partition: number,
  meta: Meta | null,
): Promise<number | null> {
  const { name, kind } = inputOf(node)
  const stood = meta?.positions[name] ?? null
  if (kind === 'feed') {
    if (to === 'latest')
      throw new MillraceError(
        'OPTION_INVALID',
        `'${plan.processor}' reads the feed '${name}', which has no latest: it takes earliest or keep`,
      )
    return to === 'keep' ? stood : stood === null ? null : 0
  }
  const settings = await log.topic(name)
  if (settings === null || partition >= settings.partitions) return null
  if (to === 'keep') return stood ?? (await log.committed(`${app}.${plan.processor}`, name, partition))?.next ?? null
  const { start, end } = await log.bounds(name, partition)
  if (node.spec.source!.upstream !== undefined) return end // its own tasks write it anew
  return to === 'earliest' ? start : end
}

function taskReset(partition: number, meta: Meta | null, after: Meta): TaskReset {
  const inputs = Object.entries(after.positions).map(([input, to]) => ({ input, from: meta?.positions[input] ?? null, to }))
  return { partition, remembers: meta?.liveKeys ?? {}, inputs }
}

/** A sink remembers nothing: its positions are the database's. */
async function sinkResets({ log, tables }: ResetPorts, { plan, to }: Resetting): Promise<readonly TaskReset[]> {
  if (tables === null) throw new MillraceError('PLAN_INVALID', `'${plan.processor}' loads tables, but no database is configured`)
  const byPartition = new Map<number, InputReset[]>()
  for (const node of sourcesOf(plan)) {
    const { name } = inputOf(node)
    for (let partition = 0; partition < ((await log.topic(name))?.partitions ?? 0); partition++) {
      const { start, end } = await log.bounds(name, partition)
      const from = await tables.position(plan.processor, name, partition, start)
      const next = { input: name, from, to: to === 'keep' ? from : to === 'earliest' ? start : end }
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), next])
    }
  }
  return [...byPartition].map(([partition, inputs]) => ({ partition, remembers: {}, inputs }))
}
