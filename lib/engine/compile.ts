// Plan → pipeline: opens every stage once, from the outputs backwards, on the union of what reads it. Only walks; decides nothing.
import type { Plan } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { Cursor, type InLine, type Open, type Push } from '../stages/context.ts'
import { UndoLog } from '../state/undo.ts'
import { clocksOf } from './clocks.ts'
import { Drops } from './drops.ts'
import { Outbox } from './outbox.ts'
import type { Pipeline, Surroundings } from './pipeline.ts'
import type { PipelineInput } from './pipeline-input.ts'
import { contextOf, type Growing, type Layout } from './stage-context.ts'
import { type Step, stretch } from './stretch.ts'

/** What reads a node: all that it sends, or one of its outlets. */
interface Reader {
  readonly node: PlanNode
  readonly steps: readonly Step[]
  readonly outlet: string | undefined
}

export function compile(plan: Plan, around: Surroundings): Pipeline {
  const { clocks, inputClocks, merged } = clocksOf(plan)
  const undo = new UndoLog()
  const sweeps: (() => void)[] = []
  const inputs = new Map<string, PipelineInput>()
  const pipeline: Growing = {
    cursor: new Cursor(),
    undo,
    outbox: new Outbox(),
    drops: new Drops(undo),
    stores: [],
    bounded: [],
    sweeps,
    sweep: () => {
      for (const each of sweeps) each()
    },
    inputs,
    tombstones: new Map(),
    merged,
    repartitions: [],
    afterRecord: [],
    wallTimers: [],
    turnEnds: [],
    fatal: null,
  }
  const layout: Layout = { plan, clocks, shared: sharing(plan) }
  const readers = new Map<PlanNode, Reader[]>()
  const readersOf = (node: PlanNode, outlet: string | undefined): readonly Reader[] =>
    (readers.get(node) ?? []).filter(r => r.outlet === outlet)
  const pushOf = ({ node, steps }: Reader): Push => stretch(node.id, steps, pipeline.cursor)
  const readBy = (node: PlanNode, outlet: string | undefined): Push => fanOut(readersOf(node, outlet).map(pushOf))

  /** What a node does with a value, and what becomes of it then as far as that can be written in line. */
  const stepsOf = (node: PlanNode): readonly Step[] => {
    const { spec } = node
    const stage = spec.name ?? spec.step
    const open = spec.open as Open | InLine
    if (typeof open === 'object') {
      const all = readersOf(node, undefined)
      const rest = all.length === 1 ? all[0]!.steps : [{ does: 'push', f: fanOut(all.map(pushOf)), stage: null } as const]
      return [{ ...open, stage }, ...rest]
    }
    const down = readBy(node, undefined)
    const context = contextOf(node, layout, pipeline, around, outlet => readBy(node, outlet))
    const push = open(context, down)
    return [{ does: 'push', f: push, stage: push === down || spec.source !== undefined ? null : stage }]
  }

  for (const node of [...plan.nodes].reverse()) {
    const reader: Reader = { node, steps: stepsOf(node), outlet: node.spec.outlet }
    for (const i of node.inputs) readers.set(i, [reader, ...(readers.get(i) ?? [])])
    if (node.spec.source !== undefined) {
      const name = node.spec.source.of.from
      const push = pushOf(reader)
      const other = inputs.get(name)
      const leave = pipeline.tombstones.get(name)
      inputs.set(name, {
        push: other === undefined ? push : fanOut([push, other.push]),
        tombstone: leave === undefined ? null : fanOut(leave),
        clock: inputClocks.get(name)!,
      })
    }
  }
  return pipeline
}

/** Whether something else can refuse a record after a node took it: what it goes to as well, or a sibling made of the same record. */
function sharing(plan: Plan): (node: PlanNode) => boolean {
  const readerCount = new Map<PlanNode, number>()
  for (const node of plan.nodes) for (const i of node.inputs) readerCount.set(i, (readerCount.get(i) ?? 0) + 1)
  const headCount = new Map<string, number>()
  for (const node of plan.nodes)
    if (node.spec.source) headCount.set(node.spec.source.of.from, (headCount.get(node.spec.source.of.from) ?? 0) + 1)
  const shared = (node: PlanNode): boolean =>
    node.spec.source !== undefined
      ? headCount.get(node.spec.source.of.from)! > 1
      : node.inputs.some(i => readerCount.get(i)! > 1 || i.spec.expands === 'expands' || shared(i))
  return shared
}

function fanOut(pushes: readonly Push[]): Push {
  const [only] = pushes
  if (pushes.length === 0) return () => {}
  if (pushes.length === 1) return only!
  return value => {
    for (const push of pushes) push(value)
  }
}
