// Which stream clock every stage of a plan hangs on: one per input, one behind every window (S2.6), one where several inputs come together (S2.2).
import type { Plan } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { StreamClock } from '../stages/window/clock.ts'
import { MergedClock } from '../stages/window/merged-clock.ts'

export interface PlanClocks {
  /** Stream time at a stage, and behind it. */
  readonly clocks: ReadonlyMap<PlanNode, { readonly clock: StreamClock; readonly below: StreamClock }>
  readonly inputClocks: ReadonlyMap<string, StreamClock>
  /** Those of merges behind others last. */
  readonly merged: readonly MergedClock[]
}

export function clocksOf(plan: Plan): PlanClocks {
  const clocks = new Map<PlanNode, { clock: StreamClock; below: StreamClock }>()
  const inputClocks = new Map<string, StreamClock>()
  const merged = new Map<string, MergedClock>()
  const names = new Map<StreamClock, string>()

  const inputClock = (name: string): StreamClock => {
    const clock = inputClocks.get(name) ?? new StreamClock()
    inputClocks.set(name, clock)
    names.set(clock, name)
    return clock
  }
  /** Merges of the same clocks share one: they are at the same place in time. */
  const mergedClock = (parents: readonly StreamClock[]): MergedClock => {
    const name = `(${parents
      .map(p => names.get(p)!)
      .sort()
      .join('+')})`
    const clock = merged.get(name) ?? new MergedClock(name, parents)
    merged.set(name, clock)
    names.set(clock, name)
    return clock
  }
  for (const node of plan.nodes) {
    const { source, lagMs, name } = node.spec
    const above = [...new Set(node.inputs.map(i => clocks.get(i)!.below))]
    const clock = source !== undefined ? inputClock(source.of.from) : above.length === 1 ? above[0]! : mergedClock(above)
    const below = lagMs === undefined ? clock : clock.below(lagMs)
    if (lagMs !== undefined) names.set(below, `${names.get(clock)}>${name}`)
    clocks.set(node, { clock, below })
  }
  return { clocks, inputClocks, merged: [...merged.values()] }
}
