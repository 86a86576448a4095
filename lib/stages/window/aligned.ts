// Windows whose bounds follow from the time alone: tumbling, hopping, cumulating. Records are folded into panes, results are put together from them.
import { MillraceError } from '../../model/errors.ts'
import type { Key } from '../../model/key.ts'
import type { Cause } from '../../model/record.ts'
import { ClosedWindows } from '../../state/closed-windows.ts'
import { IdSet } from '../../state/id-set.ts'
import type { Pane } from '../../state/pane.ts'
import { PaneStore } from '../../state/pane-store.ts'
import type { StateEntry } from '../../state/store.ts'
import type { Push, StageContext } from '../context.ts'
import type { Accumulate } from './accumulate.ts'
import { closingRevision, type Emit, Emitter, unfinishedAt } from './emit.ts'
import { lateDoor, type Missed } from './late.ts'
import { Untold } from './untold.ts'
import { WholeWindows } from './whole-windows.ts'
import type { AlignedWindowing } from './windowing.ts'

export function openAligned(context: StageContext, down: Push, w: AlignedWindowing, folds: Accumulate, emit: Emit): Push {
  const { cursor, clock, undo } = context
  const { name, graceMs, keepMs, assigner } = w
  const { paneMs } = assigner
  const keptMs = graceMs + keepMs
  const log = context.refusal === 'shared' ? undo : null
  const out = new Emitter(context, down, name, folds)
  const late = lateDoor(context, name, graceMs, w.late)
  const store = new PaneStore(name, folds.states, assigner, (key): Iterable<StateEntry> => windows.entries(closed.closedTo, key))
  const windows = new WholeWindows(store, assigner, folds)
  const closed = new ClosedWindows(`${name}.closed`)
  const { keys } = store
  const untold = new Untold<Pane>(clock, emit, pane => pane.live === 'live' && pane.lastEnd > closed.closedTo && pane.hasNews())
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
    if (pane === undefined || at < pane.start || at >= pane.start + paneMs || pane.live === 'gone') pane = store.pane(assigner.paneOf(at))
    const start = pane === undefined ? assigner.paneOf(at) : pane.start
    const passed = Math.max(clock.time - graceMs, closed.closedTo)
    let missed: readonly Missed[] = NONE
    let corrected: readonly Missed[] = NONE
    if ((pane === undefined ? assigner.nextEnd(start, -Infinity) : pane.firstEnd) <= passed) {
      const done = Math.max(clock.time - keptMs, closed.doneTo)
      missed = [...windows.over(start, -Infinity, done)]
      if (assigner.lastEnd(start) <= done) return late.missed(value, missed, 'all') // S3.3
      if (done < passed) corrected = [...windows.over(start, done, passed)]
    } else if (pane === undefined && assigner.lastEnd(start) === -Infinity) return // S3.1: before the first window

    const id = keys.of(key)
    let row = pane === undefined || id < 0 ? -1 : pane.find(id)
    const cells = row < 0 ? null : pane!.page(row)
    const from = row < 0 ? 0 : pane!.at(row)
    const measured = cells === null ? folds.measureFirst(value, cursor) : folds.measure(value, cursor, cells, from)
    if (missed.length > 0)
      late.missed(value, missed, 'some') // S3.6
    else late.taken()
    pane ??= openPane(start)
    lastPane = pane
    if (cells === null) {
      folds.begin(pane.page(pane.size), pane.at(pane.size), measured)
      row = store.end(pane, id < 0 ? keys.add(key) : id, 1, 0)
      log?.note(store, [pane, row], undefined)
      note(pane, row)
    } else {
      log?.note(store, [pane, row], folds.copied(cells, from))
      folds.add(cells, from, measured)
      if (pane.count(row) === 'news') note(pane, row) // else it is noted already
    }
    store.touch(pane, row)
    if (corrected.length > 0) context.afterRecord(() => correct(key, corrected))
  }

  function note(pane: Pane, row: number): void {
    if (emit !== 'on-close' && pane.note(row) === 'first') untold.note(pane)
  }
  function openPane(start: number): Pane {
    closed.passed(clock.time - graceMs, clock.time - keptMs)
    clock.wakeAt(assigner.nextEnd(start, closed.closedTo) + graceMs)
    return store.open(start)
  }

  /** S4.1: the window's result for each key. */
  function close(end: number, cause: Cause): void {
    const start = assigner.startOf(end)
    if (assigner.growth === 'cumulating' && keepMs === 0) collect(start, end)
    const due = windows.of(end)
    closed.passed(end, keepMs === 0 ? end : -Infinity)
    const final = keepMs === 0
    for (const row of keys.placesInOrder(due)) {
      const key = keys.keyOf(due.ids[row]!)
      const revision = closingRevision(emit, due.folded(row), due.told(row))
      if (!final) closed.emitted(end, key, revision)
      out.send({ key, start, end, revision, cause, final, value: null }, end - 1, due.page(row), due.at(row))
    }
    dropPassed()
  }
  /** S3.4: a record came for windows that are closed but kept: their results again, as they are now. */
  function correct(key: Key, ends: readonly Missed[]): void {
    for (const { start, end } of ends) {
      const revision = closed.revision(end, key) + 1
      closed.emitted(end, key, revision)
      clock.wakeAt(end + keptMs)
      const { cells, at } = windows.byKey(end)(keys.of(key))!
      out.send({ key, start, end, revision, cause: 'late', final: false, value: null }, end - 1, cells, at)
    }
  }
  /** A closed window can be corrected no more: its last result says so (I10). */
  function finish(end: number, cause: Cause): void {
    const start = assigner.startOf(end)
    const whole = windows.of(end)
    closed.passed(-Infinity, end)
    for (const [key, revision] of closed.forget(end)) {
      const row = whole.find(keys.of(key))
      out.send({ key, start, end, revision: revision + 1, cause, final: true, value: null }, end - 1, whole.page(row), whole.at(row))
    }
    dropPassed()
  }

  /** What has changed, in (end, key) order. */
  function tell(cause: 'update' | 'tick'): void {
    const due = new Map<number, IdSet>()
    for (const pane of untold.take()) {
      const news = pane.takeNews()
      for (const row of news) store.touch(pane, row)
      for (const { end } of windows.over(pane.start, closed.closedTo)) {
        let ids = due.get(end)
        if (ids === undefined) due.set(end, (ids = new IdSet()))
        for (const row of news) if (ids.find(pane.ids[row]!) < 0) ids.add(pane.ids[row]!)
      }
    }
    for (const end of [...due.keys()].sort((a, b) => a - b)) {
      const start = assigner.startOf(end)
      const whole = windows.byKey(end)
      const set = due.get(end)!
      for (const place of keys.placesInOrder(set)) {
        const id = set.ids[place]!
        const { cells, at, folded } = whole(id)!
        const result = { key: keys.keyOf(id), start, end, revision: folded, cause, final: false, value: null }
        out.send(result, unfinishedAt(start, end, clock.time), cells, at)
      }
    }
  }

  /** The next steps of a cumulating window need what it holds, not which step it came in: one pane instead of many. */
  function collect(start: number, end: number): void {
    const [first, ...rest] = store.between(start, end)
    for (const pane of rest) {
      for (let row = 0; row < pane.size; row++) {
        const id = pane.ids[row]!
        let into = first!.find(id)
        if (into >= 0) windows.merge(first!, into, pane, row)
        else {
          windows.copy(first!, pane, row)
          into = store.end(first!, id, pane.folded(row), pane.told(row))
        }
        store.touch(first!, into)
        note(first!, into)
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
    if (typeof emit === 'object') for (const pane of store) pane.noteAll()
    untold.restored(store)
  }
}
const NONE: readonly Missed[] = []
