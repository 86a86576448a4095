// Plan → pipeline: opens every stage once, from the outputs backwards, on the union of what reads it. Only walks; decides nothing.
import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import { type Plan, rootsOf } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { directSourcesOf } from '../model/origins.ts'
import { isTableTarget, isTombstoneTarget } from '../model/table-target.ts'
import { specOf } from '../model/topic.ts'
import type { LateEvent } from '../ports/observer.ts'
import { Cursor, type Forwarder, type Open, type Push, type Sender, type StageContext, type WallTimers } from '../stages/context.ts'
import type { StreamClock } from '../stages/window/clock.ts'
import type { MergedClock } from '../stages/window/merged-clock.ts'
import { Absent, isEvictable } from '../state/evictable.ts'
import type { Store } from '../state/store.ts'
import { UndoLog } from '../state/undo.ts'
import { clocksOf } from './clocks.ts'
import type { CollectedRows } from './collected-rows.ts'
import { Drops } from './drops.ts'
import { forwardsBytes } from './forwarding.ts'
import { Homes, Outbox, type TargetTopic, TopicSender } from './outbox.ts'
import type { PipelineInput } from './pipeline-input.ts'
import type { Bounded } from './residency.ts'
import { attributed, StageFailure } from './stage-failure.ts'
import { Carrier } from './watermark.ts'

/** What a pipeline is opened in. */
export interface Surroundings {
  readonly partition: number
  /** See StageContext. */
  readonly rx: 'run' | 'compared'
  /** Partition count of an input. */
  partitionsOf(input: string): number
  topic(name: string): TargetTopic
  /** Takes rows for tables, and keys whose rows leave; null in a task that writes topics. */
  readonly tables: CollectedRows | null
  late(event: LateEvent): void
  lateRecord(): void
  /** A derived value was refused: its dead letter is due. */
  refusedResult(value: unknown, key: Key, at: number, error: unknown, stage: string): void
}

/** A place where the task writes marks: a keyBy() and stream time there (S2.5). */
export interface Repartition {
  readonly topic: TargetTopic
  readonly clock: StreamClock
  /** The inputs whose stream time this is. */
  readonly inputs: readonly string[]
}

export interface Pipeline {
  readonly cursor: Cursor
  readonly undo: UndoLog
  readonly outbox: Outbox
  readonly drops: Drops
  readonly stores: readonly Store[]
  /** Those of them that need not be in memory as a whole. */
  readonly bounded: readonly Bounded[]
  /** Removes what has outlived its time (S5.2), at the end of an epoch, by the stream time of each store's place. */
  sweep(): void
  readonly inputs: ReadonlyMap<string, PipelineInput>
  /** Clocks where several inputs come together, those of merges behind others last. */
  readonly merged: readonly MergedClock[]
  readonly repartitions: readonly Repartition[]
  /** What is due once the record in hand has been taken. */
  readonly afterRecord: (() => void)[]
  readonly wallTimers: readonly WallTimers[]
  /** What is due at the end of every turn, in plan order. */
  readonly turnEnds: readonly (() => void)[]
  /** Set by a stage that found the code itself wrong: the task must end. */
  fatal: Error | null
}

/** What reads a node: all that it sends, or one of its outlets. */
interface Reader {
  readonly push: Push
  readonly outlet: string | undefined
}

export function compile(plan: Plan, around: Surroundings): Pipeline {
  const cursor = new Cursor()
  const undo = new UndoLog()
  const outbox = new Outbox()
  const drops = new Drops(undo)
  const stores: Store[] = []
  const bounded: Bounded[] = []
  const sweeps: (() => void)[] = []
  const repartitions: Repartition[] = []
  const readers = new Map<PlanNode, Reader[]>()
  const readerCount = new Map<PlanNode, number>()
  for (const node of plan.nodes) for (const i of node.inputs) readerCount.set(i, (readerCount.get(i) ?? 0) + 1)
  const headCount = new Map<string, number>()
  for (const node of plan.nodes)
    if (node.spec.source) headCount.set(node.spec.source.of.from, (headCount.get(node.spec.source.of.from) ?? 0) + 1)

  const { clocks, inputClocks, merged } = clocksOf(plan)
  const sweep = (): void => {
    for (const each of sweeps) each()
  }
  const afterRecord: (() => void)[] = []
  const turnEnds: (() => void)[] = []
  const wallTimers: WallTimers[] = []
  const inputs = new Map<string, PipelineInput>()
  const tombstones = new Map<string, Push[]>()
  const pipeline: Pipeline = {
    cursor,
    undo,
    outbox,
    drops,
    stores,
    bounded,
    sweep,
    inputs,
    merged,
    repartitions,
    afterRecord,
    wallTimers,
    turnEnds,
    fatal: null,
  }

  const shared = (node: PlanNode): boolean =>
    node.spec.source !== undefined
      ? headCount.get(node.spec.source.of.from)! > 1
      : node.inputs.some(i => readerCount.get(i)! > 1 || i.spec.expands === 'expands' || shared(i))

  const topicSender = (name: string): TopicSender => new TopicSender(outbox, around.topic(name), cursor)

  const contextOf = (node: PlanNode): StageContext => {
    const { clock, below } = clocks.get(node)!
    const roots = rootsOf(node)
    const homes = new Homes(Math.max(...roots.map(root => around.partitionsOf(root))))
    return {
      cursor,
      clock,
      below,
      undo,
      refusal: shared(node) ? 'shared' : 'alone',
      rx: around.rx,
      place: plan.nodes.indexOf(node),
      partition: around.partition,
      homeOf: key => homes.of(key),
      keep: store => {
        stores.push(store)
        if (isEvictable(store) && movedBy(node) === 'records') bounded.push({ store, clock, inputs: new Set(keyedBy(node)) })
        if (store.sweep !== undefined) sweeps.push(() => store.sweep!(clock.time))
      },
      sender: target => {
        if (isTableTarget(target)) {
          if (around.tables === null || isTombstoneTarget(target))
            throw new MillraceError('INTERNAL', `table '${target.to}' takes no values here`)
          const rows = around.tables.rowsOf(target)
          return value => rows(value, cursor)
        }
        const sender = topicSender(specOf(target).name)
        return value => sender.send(value)
      },
      tombstones: target => {
        const leave = around.tables!.tombstonesOf(target)
        for (const { spec } of directSourcesOf(node)!) {
          const name = spec.source!.of.from
          tombstones.set(name, [...(tombstones.get(name) ?? []), key => leave(key as string, cursor)])
        }
      },
      repartitioner: (target): Sender => {
        const topic = around.topic(specOf(target).name)
        const sender = new TopicSender(outbox, topic, cursor)
        const carrier = new Carrier(around.partition)
        repartitions.push({ topic, clock, inputs: roots })
        return value => sender.sendKeyed(value, cursor.key!, carrier, clock.time)
      },
      forwarder: (target): Forwarder => forwarderFor(node, target),
      result: (down, value, key, at, stage) => {
        const { at: at0, key: key0, batch: batch0 } = cursor
        const mark = outbox.mark
        const queued = afterRecord.length
        cursor.at = at
        cursor.key = key
        cursor.batch = null
        try {
          down(value)
          undo.forget()
        } catch (error) {
          outbox.rollback(mark)
          undo.restore()
          afterRecord.length = queued
          if ((error instanceof StageFailure ? error.cause : error) instanceof Absent)
            throw new MillraceError('INTERNAL', `'${stage}' reaches a store that is not whole in memory`)
          around.refusedResult(value, key, at, error instanceof StageFailure ? error : new StageFailure(stage, error), stage)
        } finally {
          cursor.at = at0
          cursor.key = key0
          cursor.batch = batch0
        }
        // To a window behind this stage the result is a record: what is due after it is due now.
        if (afterRecord.length > queued) for (const emit of afterRecord.splice(queued)) emit()
      },
      afterRecord: emit => afterRecord.push(emit),
      atWallTime: timers => wallTimers.push(timers),
      atTurnEnd: emit => turnEnds.unshift(emit), // stages are opened from the outputs backwards
      late: (window, missed, lateByMs) => {
        const { topic, partition, offset, key, at: time } = cursor
        const event = { window, windows: missed.length, missed, lateByMs, record: { topic, partition, offset, key, time } }
        afterRecord.push(() => around.late(event)) // a refused record is not late as well
      },
      lateRecord: around.lateRecord,
      dropped: stage => drops.count(stage),
      outlet: name => readBy(node, name),
      fatal: error => {
        pipeline.fatal ??= error
      },
    }
  }

  const readBy = (node: PlanNode, outlet: string | undefined): Push =>
    fanOut((readers.get(node) ?? []).filter(r => r.outlet === outlet).map(r => r.push))

  const forwarderFor = (node: PlanNode, target: Parameters<StageContext['forwarder']>[0]): Forwarder => {
    const spec = specOf(target)
    const sender = topicSender(spec.name)
    if (forwardsBytes(node, target)) return (_value, headers) => sender.forward(headers)
    return (value, headers) => sender.sendWith(value, headers)
  }

  for (const node of [...plan.nodes].reverse()) {
    const down = readBy(node, undefined)
    const opened = (node.spec.open as Open)(contextOf(node), down)
    const push = opened === down ? down : attributed(opened, node)
    for (const i of node.inputs) readers.set(i, [{ push, outlet: node.spec.outlet }, ...(readers.get(i) ?? [])])
    if (node.spec.source !== undefined) {
      const name = node.spec.source.of.from
      const other = inputs.get(name)
      const leave = tombstones.get(name)
      inputs.set(name, {
        push: other === undefined ? push : fanOut([push, other.push]),
        tombstone: leave === undefined ? null : fanOut(leave),
        clock: inputClocks.get(name)!,
      })
    }
  }
  return pipeline
}

/**
 * Whether only records move a stage, or time does too. What time decides cannot be taken back and computed again, so whatever it reaches must be in memory as a whole.
 */
function movedBy(node: PlanNode): 'records' | 'time' {
  if (node.spec.lagMs !== undefined) return 'time'
  return node.inputs.some(i => movedBy(i) === 'time') ? 'time' : 'records'
}

/** The inputs whose records reach a stage under their own keys. */
function keyedBy(node: PlanNode): readonly string[] {
  if (node.spec.source !== undefined) return [node.spec.source.of.from]
  return node.spec.step === 'key-in-place' ? [] : node.inputs.flatMap(keyedBy)
}

function fanOut(pushes: readonly Push[]): Push {
  const [only] = pushes
  if (pushes.length === 0) return () => {}
  if (pushes.length === 1) return only!
  return value => {
    for (const push of pushes) push(value)
  }
}
