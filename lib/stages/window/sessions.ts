// Sessions: windows whose bounds follow from the key's records (S3.5). A record joins every open session that it touches, so sessions grow, move their start
// and absorb one another until stream time has passed their end.
import { MillraceError } from '../../model/errors.ts'
import { compareKeys, type Key } from '../../model/key.ts'
import type { Cause } from '../../model/record.ts'
import { Session, SessionStore } from '../../state/session-store.ts'
import type { Push, StageContext } from '../context.ts'
import type { Accumulate, States } from './accumulate.ts'
import { closingRevision, type Emit, Emitter, unfinishedAt } from './emit.ts'
import { lateDoor } from './late.ts'
import { Untold } from './untold.ts'
import type { SessionWindowing } from './windowing.ts'

/** A session is due when stream time has passed its end plus grace: at it, an event may still touch it. */
export const PAST = 1

export function openSessions(context: StageContext, down: Push, w: SessionWindowing, folds: Accumulate, emit: Emit): Push {
  const { cursor, clock, undo } = context
  const { name, graceMs, gapMs, longestMs } = w
  const log = context.refusal === 'shared' ? undo : null
  const out = new Emitter(context, down, name, folds)
  const late = lateDoor(context, name, graceMs, w.late)
  const store = new SessionStore(name, gapMs, states => folds.shown(states, 0))
  const copied = (states: States): States => folds.copied(states, 0)
  const untold = new Untold<Session>(clock, emit, s => s.live === 'live' && s.folded !== s.told)
  context.keep(store)

  clock.hang({
    name,
    delayMs: graceMs + PAST,
    drains: 'drains',
    nextEnd: by => store.earliestEnd(by),
    lastEnd: () => store.latestEnd(),
    close: (end, cause) => {
      const closed = store.close(end)
      closed.forEach(keepStart)
      for (const session of closed) result(session, closingRevision(emit, session.folded, session.told), cause, end - 1)
    },
    restored: () => untold.restored(store),
  })
  if (emit === 'on-update') context.atTurnEnd(() => tell('update'))
  if (typeof emit === 'object') clock.hangTicking({ name, nextTick: () => untold.nextTick(), tick: () => tell('tick') })

  return value => {
    const { at, key } = cursor
    if (key === null) throw new MillraceError('KEY_MISSING', `window '${name}' needs a key`)
    const open = store.first(key)
    let first: Session | null = null
    let others = NONE
    if (open !== null) {
      if (open.next === null) first = joins(open, at) ? open : null
      else [first = null, ...others] = joined([...store.of(key)], at)
    }
    if (first === null && at + gapMs + graceMs < clock.time) return late.missed(value, [{ start: at, end: at + gapMs }], 'all')
    const states = first === null ? null : others.length === 0 ? first.values : merged(first, others)
    const measured = states === null ? folds.measureFirst(value, cursor) : folds.measure(value, cursor, states, 0)
    // From here on nothing can fail.
    late.taken()
    log?.note(store, key, store.kept(key, copied))
    if (first === null) begin(key, at, folds.begun(measured))
    else join(first, others, at, states!, measured)
  }

  function touches(s: Session, at: number): boolean {
    return at <= s.end && s.start <= at + gapMs
  }
  function spans(of: readonly Session[], at: number): boolean {
    return Math.max(at + gapMs, ...of.map(s => s.end)) - Math.min(at, ...of.map(s => s.start)) <= longestMs
  }
  /** Whether an event at `at` is in a session that is the only one of its key. */
  function joins(s: Session, at: number): boolean {
    if (!touches(s, at) || (longestMs !== Infinity && !spans([s], at))) return false
    return at >= s.start || !s.taken.includes(at)
  }
  /** The sessions that an event at `at` is in: touching is enough (S3.5); none of it may become longer than it is allowed to be. */
  function joined(open: readonly Session[], at: number): readonly Session[] {
    const touched = open.filter(s => touches(s, at))
    // All of them, if they may be one; else the first that may have the event.
    const into = longestMs === Infinity || spans(touched, at) ? touched : touched.filter(s => spans([s], at)).slice(0, 1)
    return into.length > 0 && at < into[0]!.start && into.some(s => s.taken.includes(at)) ? NONE : into
  }
  /** Only its start tells a session from others of its key (I10): one that is open beside a closed one does not move to where that began. */
  function keepStart(closed: Session): void {
    for (const other of store.of(closed.key)) {
      if (other.start < closed.start) continue
      other.taken = [...other.taken, closed.start]
      store.touch(other)
    }
  }
  function merged(first: Session, others: readonly Session[]): States {
    const states = copied(first.values)
    for (const other of others) folds.merge(states, 0, other.values, 0)
    return states
  }
  function begin(key: Key, at: number, states: States): void {
    const session = new Session(key, at, at + gapMs, states)
    session.folded = 1
    store.add(session)
    clock.wakeAt(session.end + graceMs + PAST)
    untold.note(session)
  }
  function join(first: Session, others: readonly Session[], at: number, states: States, measured: readonly unknown[]): void {
    const noted = first.folded !== first.told
    const ended = at < first.start ? [first, ...others] : others
    const retracted = ended.length === 0 ? NO_RETRACTIONS : ended.filter(s => s.told > 0).map(retractionOf)
    if (at < first.start) first.told = 0
    for (const other of others) {
      first.folded += other.folded
      if (other.end > first.end) first.end = other.end
      if (other.taken.length > 0) first.taken = [...first.taken, ...other.taken]
      store.remove(other)
    }
    folds.add(states, 0, measured)
    first.values = states
    first.folded++
    if (at < first.start) first.start = at
    if (at + gapMs > first.end) first.end = at + gapMs
    store.touch(first)
    if (!noted) untold.note(first)
    if (retracted.length > 0) context.afterRecord(() => retracted.forEach(retract => retract()))
  }
  /** S3.5: what was told under a start that is no more is taken back, before anything is told of the session it became part of. */
  function retractionOf({ key, start, end, told, toldEnd }: Session): () => void {
    const time = (): number => unfinishedAt(start, end, clock.time)
    return () => out.send({ key, start, end: toldEnd, revision: told + 1, cause: 'merged', final: true, value: null }, time(), null, 0)
  }
  /** What has changed, in (end, key) order. */
  function tell(cause: 'update' | 'tick'): void {
    for (const session of inOrder(new Set(untold.take()))) {
      session.told = session.folded
      session.toldEnd = session.end
      store.touch(session)
      result(session, session.folded, cause, unfinishedAt(session.start, session.end, clock.time))
    }
  }
  function result({ key, start, end, live, values }: Session, revision: number, cause: Cause, time: number): void {
    out.send({ key, start, end, revision, cause, final: live === 'gone', value: null }, time, values, 0)
  }
}
const NONE: readonly Session[] = []
const NO_RETRACTIONS: readonly (() => void)[] = []
const inOrder = (sessions: Iterable<Session>): readonly Session[] =>
  [...sessions].sort((a, b) => a.end - b.end || compareKeys(a.key, b.key))
