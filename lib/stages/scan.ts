import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import type { Meta, Stored } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import { KeyedStore } from '../state/keyed-store.ts'
import type { OpenSpec, Push, StageContext } from './context.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'
import { openTimers, type Timers } from './timers.ts'

/** Asks for `onTimer` once, when the clock it names has reached `at`; at once when it already has. A key's timers are known by name. */
export interface Timer {
  readonly name: string
  /** ms since epoch. */
  readonly at: number
  /** `'event'`: stream time; `'wall'`: the wall clock. */
  readonly clock: 'event' | 'wall'
}
export interface Step<S, U> {
  /** The key's next state; null forgets the key and its timers. */
  readonly state: S | null
  readonly emit?: readonly U[] | undefined
  /** Sets timers, in place of those of the same name, or cancels them. */
  readonly timers?: readonly (Timer | { readonly cancel: string })[] | undefined
}
type OnTimer<K, S, U> = (state: S, timer: Timer, meta: { readonly key: K; readonly at: number }) => Step<S, U>
interface ScanOptions<T, K, S, U> {
  version: number
  initial: (key: K) => S
  next: (state: S, value: T, meta: Meta & { readonly key: K }) => Step<S, U>
  onTimer?: OnTimer<K, S, U>
  ttl: Duration | null
}

/**
 * Memory per key: `next` takes the state and a value and gives the next state, what goes on, and timers. It must be pure: a state that it is given must not
 * be changed in place. What a timer emits is at the timer's time in stream time; what a wall-clock timer emits, at stream time as it stands. A step of a
 * timer that throws is a dead letter of its own, and leaves the key as it was.
 * @param name names the state for ever (S5.1)
 * @param o `version`: raise it when the state's form changes; `onTimer`: the step of a timer; `ttl`: event time after the last change, null never forgets
 * @throws PLAN_INVALID
 */
export function scan<T, K extends Key, S, U>(name: string, o: ScanOptions<T, K, S, U> & Stored<S>): Stage<Flow<T, K>, Flow<U, K>> {
  const options = o as ScanOptions<T, K, S, U>
  const { version, next, ttl, onTimer } = options
  if (!Number.isInteger(version)) throw new MillraceError('PLAN_INVALID', `scan '${name}' needs a version: a whole number`)
  synchronous(`scan '${name}': initial`, options.initial)
  synchronous(`scan '${name}': next`, next)
  if (onTimer !== undefined) synchronous(`scan '${name}': onTimer`, onTimer)
  return appended({
    step: 'scan',
    name,
    version,
    state: {},
    tuning: { ttl },
    reads: { by: [{ f: next, argument: 1 }], passes: 'new' },
    expands: 'expands',
    ...(onTimer === undefined ? {} : { lagMs: 0 }), // behind it time follows when timers have fired
    open: (context, down) => openScan(context, down, name, options),
  } satisfies OpenSpec)
}

function openScan<T, K extends Key, S, U>(context: StageContext, down: Push, name: string, o: ScanOptions<T, K, S, U>): Push {
  const { cursor, clock, undo } = context
  const store = new KeyedStore<S>(name, o.ttl)
  context.keep(store)
  const stateOf = (key: K, now: number): S => store.get(key, now) ?? begun(name, o.initial(key))
  const taken = (key: K, now: number, step: Step<S, U>): void => {
    if (step?.state === undefined) refuseNoStep(name, step)
    store.set(key, step.state ?? undefined, now, undo)
    if (timers !== null) {
      if (step.state === null) timers.forget(key)
      if (step.timers !== undefined) timers.set(key, step.timers)
    } else if (step.timers !== undefined && step.timers.length > 0)
      throw new MillraceError('PLAN_INVALID', `scan '${name}' sets a timer but has no onTimer`)
    if (step.emit !== undefined) for (const each of step.emit) down(each)
  }
  const { onTimer } = o
  const timers: Timers | null =
    onTimer === undefined
      ? null
      : openTimers(context, name, (timer, now) => {
          const key = timer.key as K
          taken(key, now, onTimer(stateOf(key, now), { name: timer.name, at: timer.at, clock: timer.clock }, { key, at: timer.at }))
        })

  return value => {
    const key = cursor.key as K | null
    if (key === null) throw new MillraceError('KEY_MISSING', `scan '${name}' needs a key`)
    const now = Math.max(clock.time, cursor.at)
    taken(key, now, o.next(stateOf(key, now), value as T, cursor as unknown as Meta & { readonly key: K }))
  }
}

function begun<S>(name: string, state: S): S {
  if (state instanceof Promise) throw promised(`scan '${name}': initial`, state)
  return state
}

/** @throws what is wrong with what `next` gave, if it is no step at all */
function refuseNoStep(name: string, step: unknown): void {
  if (step instanceof Promise) throw promised(`scan '${name}': next`, step)
  if (typeof step !== 'object' || step === null || !('state' in step))
    throw new MillraceError(
      'USER_FUNCTION_FAILED',
      `scan '${name}': a step function gave ${String(step)}: a step { state, emit?, timers? } is needed`,
    )
}
