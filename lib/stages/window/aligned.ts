// Windows whose bounds follow from the time alone: tumbling, hopping, cumulating. Records are folded into panes, results are put together from them.
import { MillraceError } from '../../model/errors.ts'
import { compareKeys, type Key } from '../../model/key.ts'
import type { Cause } from '../../model/record.ts'
import { ClosedWindows } from '../../state/closed-windows.ts'
import { type Accumulator, type Pane, PaneStore } from '../../state/pane-store.ts'
import type { StateEntry } from '../../state/store.ts'
import type { Push, StageContext } from '../context.ts'
import type { Accumulate } from './accumulate.ts'
import { closingRevision, type Emit, Emitter, unfinishedAt } from './emit.ts'
import { lateDoor, type Missed } from './late.ts'
import { Untold } from './untold.ts'
import { type Whole, WholeWindows } from './whole-windows.ts'
import type { AlignedWindowing } from './windowing.ts'

export function openAligned(context: StageContext, down: Push, w: AlignedWindowing, folds: Accumulate, emit: Emit): Push {
  const { cursor, clock, undo } = context
  const { name, graceMs, keepMs, assigner } = w
  const { paneMs } = assigner
  const keptMs = graceMs + keepMs
  const log = context.refusal === 'shared' ? undo : null
  const out = new Emitter(context, down, name, folds)
  const late = lateDoor(context, name, graceMs, w.late)
  const store = new PaneStore(name, assigner, (key): Iterable<StateEntry> => windows.entries(closed.closedTo, key))
  const windows = new WholeWindows(store, assigner, folds)
  const closed = new ClosedWindows(`${name}.closed`)
  const hasNews = ({ live, folded, told, pane }: Accumulator): boolean =>
    live === 'live' && folded !== told && pane.lastEnd > closed.closedTo
  const untold = new Untold<Accumulator>(clock, emit, hasNews)
  let lastPane: Pane | undefined
  context.keep(store)
  context.keep(closed)

  clock.hang({
    name,
    delayMs: graceMs,
    drains: 'drains',
    nextEnd: () => store.earliestEnd(closed.closedTo),
    lastEnd: () => (store.last !== undefined && store.last.lastEnd > closed.closedTo ? store.last.lastEnd : -Infinity),
    close,
    restored,
  })
  clock.hang({
    name,
    delayMs: keptMs,
    drains: 'drains',
    nextEnd: () => closed.earliestEnd(),
    lastEnd: () => closed.latestEnd(),
    close: finish,
  })
  if (emit === 'on-update') context.atTurnEnd(() => tell('update'))
  if (typeof emit === 'object') clock.hangTicking({ name, nextTick: () => untold.nextTick(), tick: () => tell('tick') })

  return value => {
    const { at, key } = cursor
    if (key === null) throw new MillraceError('KEY_MISSING', `window '${name}' needs a key`)
    let pane = lastPane
    if (pane === undefined || at < pane.start || at >= pane.start + paneMs || pane.keys.size === 0) pane = store.pane(assigner.paneOf(at))
    const start = pane === undefined ? assigner.paneOf(at) : pane.start
    const lastEnd = pane === undefined ? assigner.lastEnd(start) : pane.lastEnd
    const passed = Math.max(clock.time - graceMs, closed.closedTo)
    const done = Math.max(clock.time - keptMs, closed.doneTo)
    let missed: readonly Missed[] = NONE
    let corrected: readonly Missed[] = NONE
    if ((pane === undefined ? assigner.nextEnd(start, -Infinity) : pane.firstEnd) <= passed) {
      missed = [...windows.over(start, -Infinity, done)]
      if (lastEnd <= done) return late.missed(value, missed, 'all') // S3.3
      if (done < passed) corrected = [...windows.over(start, done, passed)]
    } else if (lastEnd === -Infinity) return // S3.1: before the first window

    const before = pane?.keys.get(key)
    const measured = before === undefined ? folds.measureFirst(value, cursor) : folds.measure(value, cursor, before.values)
    if (missed.length > 0)
      late.missed(value, missed, 'some') // S3.6
    else late.taken()
    pane ??= openPane(start)
    lastPane = pane
    const accumulator = before ?? store.add(pane, key, folds.begun(measured))
    log?.note(store, accumulator, before === undefined ? undefined : folds.copied(before.values))
    if (before !== undefined) folds.add(before.values, measured)
    if (accumulator.folded++ === accumulator.told) untold.note(accumulator) // else it is noted already
    store.touch(accumulator)
    if (corrected.length > 0) context.afterRecord(() => correct(key, corrected))
  }

  function openPane(start: number): Pane {
    closed.passed(clock.time - graceMs, clock.time - keptMs)
    clock.wakeAt(assigner.nextEnd(start, closed.closedTo) + graceMs)
    return store.open(start)
  }

  /** S4.1: the window's result for each key. */
  function close(end: number, cause: Cause): void {
    const due = windows.of(end)
    closed.passed(end, keepMs === 0 ? end : -Infinity)
    for (const whole of due) {
      const revision = closingRevision(emit, whole)
      if (keepMs > 0) closed.emitted(end, whole.key, revision)
      result(whole, end, revision, cause, keepMs === 0)
    }
    if (assigner.growth === 'cumulating' && keepMs === 0) collect(assigner.startOf(end), end)
    dropPassed()
  }
  /** S3.4: a record came for windows that are closed but kept: their results again, as they are now. */
  function correct(key: Key, ends: readonly Missed[]): void {
    for (const { end } of ends) {
      const revision = closed.revision(end, key) + 1
      closed.emitted(end, key, revision)
      clock.wakeAt(end + keptMs)
      result(windows.ofKey(end, key)!, end, revision, 'late', false)
    }
  }
  /** A closed window can be corrected no more: its last result says so (I10). */
  function finish(end: number, cause: Cause): void {
    const wholes = new Map(windows.of(end).map(whole => [whole.key, whole]))
    closed.passed(-Infinity, end)
    for (const [key, revision] of closed.forget(end)) result(wholes.get(key)!, end, revision + 1, cause, true)
    dropPassed()
  }
  function result({ key, states }: Whole, end: number, revision: number, cause: Cause, final: boolean): void {
    out.send({ key, start: assigner.startOf(end), end }, revision, cause, final, states, end - 1)
  }

  /** What has changed, in (end, key) order. */
  function tell(cause: 'update' | 'tick'): void {
    const due = new Map<number, Set<Key>>()
    for (const accumulator of untold.take()) {
      accumulator.told = accumulator.folded
      store.touch(accumulator)
      for (const { end } of windows.over(accumulator.pane.start, closed.closedTo)) {
        const keys = due.get(end)
        if (keys === undefined) due.set(end, new Set([accumulator.key]))
        else keys.add(accumulator.key)
      }
    }
    for (const end of [...due.keys()].sort((a, b) => a - b)) {
      const start = assigner.startOf(end)
      for (const key of [...due.get(end)!].sort(compareKeys)) {
        const { states, folded } = windows.ofKey(end, key)!
        out.send({ key, start, end }, folded, cause, false, states, unfinishedAt(start, end, clock.time))
      }
    }
  }

  /** The next steps of a cumulating window need what it holds, not which step it came in: one pane instead of many. */
  function collect(start: number, end: number): void {
    const [first, ...rest] = store.between(start, end)
    for (const pane of rest) {
      for (const { key, values, folded, told } of pane.keys.values()) {
        let into = first!.keys.get(key)
        if (into === undefined) into = store.add(first!, key, folds.copied(values))
        else folds.merge(into.values, values)
        into.folded += folded
        into.told += told
        store.touch(into)
        untold.note(into)
      }
      store.drop(pane)
    }
  }
  /** Panes over which no window is open or may be corrected. */
  function dropPassed(): void {
    lastPane = undefined
    const kept = closed.earliestEnd()
    for (let pane = store.first; pane !== undefined && pane.lastEnd <= closed.closedTo && pane.lastEnd < kept; pane = store.first)
      store.drop(pane)
  }
  /** What had not been told by a tick still has to be. */
  function restored(): void {
    lastPane = undefined
    untold.restored(store.accumulators())
  }
}
const NONE: readonly Missed[] = []
