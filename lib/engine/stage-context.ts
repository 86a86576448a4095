// What a stage is given of the task when it is opened: StageContext, tied to one node of the plan and to the pipeline that is being built.
import { MillraceError } from '../model/errors.ts'
import { directSourcesOf } from '../model/origins.ts'
import { type Plan, rootsOf } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { isTableTarget, isTombstoneTarget } from '../model/table-target.ts'
import { specOf } from '../model/topic.ts'
import type { Push, StageContext, WallTimers } from '../stages/context.ts'
import { Absent, isEvictable } from '../state/evictable.ts'
import type { Store } from '../state/store.ts'
import type { PlanClocks } from './clocks.ts'
import { forwardsBytes } from './forwarding.ts'
import { Homes, TopicSender } from './outbox.ts'
import type { Pipeline, Repartition, Surroundings } from './pipeline.ts'
import type { Bounded } from './residency.ts'
import { StageFailure } from './stage-failure.ts'
import { Carrier } from './watermark.ts'

/** A pipeline that stages still add to while they are opened. */
export interface Growing extends Pipeline {
  readonly stores: Store[]
  readonly bounded: Bounded[]
  readonly repartitions: Repartition[]
  readonly wallTimers: WallTimers[]
  readonly turnEnds: (() => void)[]
  readonly sweeps: (() => void)[]
  /** By input: what takes the keys of its tombstones. */
  readonly tombstones: Map<string, Push[]>
}

/** What is known of a plan before its stages are opened. */
export interface Layout {
  readonly plan: Plan
  readonly clocks: PlanClocks['clocks']
  /** Whether a record can still be refused elsewhere after a node took it. */
  shared(node: PlanNode): boolean
}

/** @param readBy what reads an outlet of the node */
export function contextOf(
  node: PlanNode,
  { plan, clocks, shared }: Layout,
  pipeline: Growing,
  around: Surroundings,
  readBy: (outlet: string) => Push,
): StageContext {
  const { cursor, undo, outbox, drops, afterRecord, tombstones } = pipeline
  const { clock, below } = clocks.get(node)!
  const roots = rootsOf(node)
  const homes = new Homes(Math.max(...roots.map(root => around.partitionsOf(root))))
  const topicSender = (name: string): TopicSender => new TopicSender(outbox, around.topic(name), cursor)
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
      pipeline.stores.push(store)
      if (isEvictable(store) && movedBy(node) === 'records') pipeline.bounded.push({ store, clock, inputs: new Set(keyedBy(node)) })
      if (store.sweep !== undefined) pipeline.sweeps.push(() => store.sweep!(clock.time))
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
    repartitioner: target => {
      const topic = around.topic(specOf(target).name)
      const sender = new TopicSender(outbox, topic, cursor)
      const carrier = new Carrier(around.partition)
      pipeline.repartitions.push({ topic, clock, inputs: roots })
      return value => sender.sendKeyed(value, cursor.key!, carrier, clock.time)
    },
    forwarder: target => {
      const sender = topicSender(specOf(target).name)
      if (forwardsBytes(node, target)) return (_value, headers) => sender.forward(headers)
      return (value, headers) => sender.sendWith(value, headers)
    },
    result: resultsOf(pipeline, around),
    afterRecord: emit => afterRecord.push(emit),
    atWallTime: timers => pipeline.wallTimers.push(timers),
    atTurnEnd: emit => pipeline.turnEnds.unshift(emit), // stages are opened from the outputs backwards
    late: (window, missed, lateByMs) => {
      const { topic, partition, offset, key, at: time } = cursor
      const event = { window, windows: missed.length, missed, lateByMs, record: { topic, partition, offset, key, time } }
      afterRecord.push(() => around.late(event)) // a refused record is not late as well
    },
    lateRecord: around.lateRecord,
    dropped: stage => drops.count(stage),
    outlet: readBy,
    fatal: error => {
      pipeline.fatal ??= error
    },
  }
}

/** Pushes derived values: each stands for itself, so what one did before it was refused is taken back, and what was in hand is in hand again (S6.1). */
function resultsOf({ cursor, outbox, undo, afterRecord }: Pipeline, around: Surroundings): StageContext['result'] {
  return (down, value, key, at, stage) => {
    const { at: at0, key: key0, batch: batch0 } = cursor
    outbox.begin()
    const queued = afterRecord.length
    cursor.at = at
    cursor.key = key
    cursor.batch = null
    try {
      down(value)
      undo.forget()
    } catch (error) {
      outbox.rollback()
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
  }
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
