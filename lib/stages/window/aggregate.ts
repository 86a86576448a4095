// Folds records into their windows and emits when they close: assigner, clock and folds meet here, and nowhere else.
import { MillraceError } from '../../model/errors.ts'
import type { Cause, WindowResult } from '../../model/record.ts'
import { type Flow, planNode, type Stage, type Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { type Accumulator, type OpenWindow, WindowStore } from '../../state/window-store.ts'
import type { OpenSpec, Push, StageContext } from '../context.ts'
import { applied, FlowNode, WindowedNode } from '../flow.ts'
import { type Fold, type FoldSpec, foldSpecOf } from '../folds/fold.ts'
import { lateDoor } from './late.ts'
import { type Windowing, windowStart } from './windowing.ts'

export type Emit = 'on-close' | 'on-update' | { readonly every: Duration }

/** Over a session with 'on-update' or { every } a result may be a retraction (S3.5): its value is null. */
export function aggregate<T, K, M extends 'fixed' | 'merging', A extends object, const E extends Emit>(
  folds: { readonly [N in keyof A]: Fold<T, A[N]> },
  o: { emit: E },
): Stage<Windowed<T, K, M>, Flow<WindowResult<A | (M extends 'merging' ? (E extends 'on-close' ? never : null) : never), K>, K>> {
  if (o.emit !== 'on-close') throw new MillraceError('STAGE_NOT_AVAILABLE', `aggregate() emits 'on-close' only in this version`)
  const names = Object.keys(folds)
  const specs = Object.values(folds as Record<string, Fold<never, unknown>>).map(foldSpecOf)
  return applied('aggregate', shape => {
    if (!(shape instanceof WindowedNode))
      throw new MillraceError('PLAN_INVALID', 'aggregate() needs windows: put tumbling() or another window before it')
    return new FlowNode(planNode(windowSpec(shape.windowing, names, specs), [shape.node]))
  })
}

function windowSpec(w: Windowing, names: readonly string[], folds: readonly FoldSpec[]): OpenSpec {
  const { late } = w
  return {
    step: w.kind,
    name: w.name,
    version: 1,
    state: {
      sizeMs: w.sizeMs,
      offsetMs: w.offsetMs,
      folds: Object.fromEntries(names.map((n, i) => [n, { fold: folds[i]!.fold, version: folds[i]!.version, ...folds[i]!.state }])),
    },
    tuning: { graceMs: w.graceMs, emit: 'on-close', late: late.kind === 'count-and-drop' ? late.kind : late.target.to },
    graceMs: w.graceMs,
    ...(late.kind === 'count-and-drop' ? {} : { targets: [late.target] }),
    reads: { by: late.kind === 'described' ? 'whole' : folds.flatMap(f => (f.reads === null ? [] : [f.reads])), passes: 'new' },
    ...(late.kind === 'record' ? { forwards: [late.target] } : {}),
    open: (context, down) => openTumbling(context, down, w, names, folds),
  }
}

function openTumbling(context: StageContext, down: Push, w: Windowing, names: readonly string[], folds: readonly FoldSpec[]): Push {
  const { cursor, clock, undo } = context
  const { name, sizeMs, offsetMs, graceMs } = w
  const n = folds.length
  const resultOf = resultMaker(names, folds)
  const store = new WindowStore(name, sizeMs, resultOf)
  const late = lateDoor(context, name, graceMs, w.late)
  const measured: unknown[] = new Array(n).fill(null)
  const log = context.refusal === 'shared' ? undo : null
  let last: OpenWindow | undefined
  context.keep(store)

  clock.hang({
    name,
    graceMs,
    nextEnd: () => store.earliestEnd(),
    lastEnd: () => store.latestEnd(),
    close: (end: number, cause: Cause) => {
      const window = store.window(end - sizeMs)!
      const due = window.inKeyOrder()
      store.close(window)
      last = undefined
      for (const { key, values } of due) {
        const result = { key, start: window.start, end, revision: 1, cause, final: true, value: null as unknown }
        const complete = (): void => {
          result.value = resultOf(values) // a fold that throws here refuses its result, not the record that closed the window (S6.1)
          down(result satisfies WindowResult<unknown, unknown>)
        }
        context.result(complete, result, key, end - 1, name)
      }
    },
  })

  return value => {
    const { at, key } = cursor
    if (key === null) throw new MillraceError('KEY_MISSING', `window '${name}' needs a key`)
    const start = windowStart(at, sizeMs, offsetMs)
    if (start < 0) return // S3.1: before the first window
    const end = start + sizeMs
    if (end + graceMs <= clock.time) {
      late(value, [{ start, end }], 'all') // S3.3
      return
    }
    let window = last !== undefined && last.start === start && last.keys.size > 0 ? last : store.window(start)
    let accumulator: Accumulator | undefined = window?.keys.get(key)
    const before = accumulator?.values ?? folds.map(f => f.initial())
    for (let i = 0; i < n; i++) measured[i] = folds[i]!.measure(value, cursor, before[i])
    if (window === undefined) {
      window = store.openWindow(start)
      if (end + graceMs < clock.wake) clock.wake = end + graceMs
    }
    last = window
    if (accumulator === undefined) {
      accumulator = store.add(window, key, before)
      log?.note(store, accumulator, undefined)
    } else if (log !== null) log.note(store, accumulator, copied(accumulator.values, folds))
    const { values } = accumulator
    for (let i = 0; i < n; i++) values[i] = folds[i]!.add(values[i], measured[i])
    accumulator.folded++
    store.touch(accumulator)
  }
}

const copied = (values: readonly unknown[], folds: readonly FoldSpec[]): unknown[] => values.map((v, i) => folds[i]!.copy?.(v) ?? v)

const resultMaker =
  (names: readonly string[], folds: readonly FoldSpec[]): ((values: readonly unknown[]) => Record<string, unknown>) =>
  values => {
    const result: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) result[names[i]!] = folds[i]!.result(values[i])
    return result
  }
