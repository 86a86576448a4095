// Folds records into their windows: assigner, clock, folds and emission meet in what this opens, and nowhere else.
import { MillraceError } from '../../model/errors.ts'
import type { WindowResult } from '../../model/record.ts'
import { type Flow, planNode, type Stage, type Windowed } from '../../model/stage.ts'
import type { OpenSpec } from '../context.ts'
import { applied, FlowNode, WindowedNode } from '../flow.ts'
import { type Fold, type FoldSpec, foldSpecOf, formsOf, tuningsOf } from '../folds/fold.ts'
import { accumulate } from './accumulate.ts'
import { openAligned } from './aligned.ts'
import { checkedEmit, type Emit, emitWords } from './emit.ts'
import { openSessions, PAST } from './sessions.ts'
import type { Windowing } from './windowing.ts'

/**
 * Folds each window of each key into one value with a field per fold, and says when results come out.
 *
 * Over a session with `'on-update'` or `{ every }` a result may be a retraction (S3.5): its value is null.
 * @throws PLAN_INVALID
 */
export function aggregate<T, K, M extends 'fixed' | 'merging', A extends object, const E extends Emit>(
  folds: { readonly [N in keyof A]: Fold<T, A[N]> },
  o: { emit: E },
): Stage<Windowed<T, K, M>, Flow<WindowResult<A | (M extends 'merging' ? (E extends 'on-close' ? never : null) : never), K>, K>> {
  const names = Object.keys(folds)
  if (names.length === 0)
    throw new MillraceError('PLAN_INVALID', 'aggregate() needs at least one fold: count() counts the records of a window')
  const specs = Object.values(folds as Record<string, Fold<never, unknown>>).map(foldSpecOf)
  return applied('aggregate', shape => {
    if (!(shape instanceof WindowedNode))
      throw new MillraceError('PLAN_INVALID', 'aggregate() needs windows: put tumbling() or another window before it')
    const emit = checkedEmit(shape.windowing.name, (o as { emit?: unknown } | undefined)?.emit)
    return new FlowNode(planNode(windowSpec(shape.windowing, names, specs, emit), [shape.node]))
  })
}

/** The form in which windows lie in a ledger: of another one nothing can be read, and the start is refused (STATE_INCOMPATIBLE). */
const STORED = 'panes and marks'

function windowSpec(w: Windowing, names: readonly string[], folds: readonly FoldSpec[], emit: Emit): OpenSpec {
  const { late } = w
  const keepMs = w.form === 'aligned' ? w.keepMs : 0
  const door = late.kind === 'count-and-drop' ? late.kind : late.target.to
  const all = accumulate(names, folds)
  const tunings = tuningsOf(names, folds)
  return {
    step: w.kind,
    name: w.name,
    version: 1,
    state: {
      ...w.state,
      stored: STORED,
      folds: formsOf(names, folds),
    },
    tuning: {
      ...(tunings === null ? {} : { folds: tunings }),
      graceMs: w.graceMs,
      emit: emitWords(emit),
      late: door,
      ...(keepMs > 0 ? { correctMs: keepMs } : {}),
    },
    // No result comes later than this behind its time: corrections come while windows are kept, sessions close one millisecond after their grace.
    lagMs: w.form === 'aligned' ? w.graceMs + keepMs : w.graceMs + PAST,
    ...(late.kind === 'count-and-drop' ? {} : { targets: [late.target] }),
    reads: { by: late.kind === 'described' ? 'whole' : folds.flatMap(f => (f.reads === null ? [] : [f.reads])), passes: 'new' },
    ...(late.kind === 'record' ? { forwards: [late.target] } : {}),
    open: (context, down) => (w.form === 'aligned' ? openAligned(context, down, w, all, emit) : openSessions(context, down, w, all, emit)),
  }
}
