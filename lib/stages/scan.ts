import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import type { Meta, Stored } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import { KeyedStore } from '../state/keyed-store.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'

export interface Timer {
  readonly name: string
  /** ms since epoch. */
  readonly at: number
  readonly clock: 'event' | 'wall'
}
export interface Step<S, U> {
  /** The key's next state; null forgets the key. */
  readonly state: S | null
  readonly emit?: readonly U[] | undefined
  readonly timers?: readonly (Timer | { readonly cancel: string })[] | undefined
}

/**
 * Memory per key: `next` takes the state and a value and gives the next state and what goes on. It must be pure: a state that it is given must not be changed in place.
 * @param name names the state for ever (S5.1)
 * @param o `version`: raise it when the state's form changes; `ttl`: event time after the last change, null never forgets
 */
export function scan<T, K extends Key, S, U>(
  name: string,
  o: {
    version: number
    initial: (key: K) => S
    next: (state: S, value: T, meta: Meta & { readonly key: K }) => Step<S, U>
    onTimer?: (state: S, timer: Timer, meta: { readonly key: K; readonly at: number }) => Step<S, U>
    ttl: Duration | null
  } & Stored<S>,
): Stage<Flow<T, K>, Flow<U, K>> {
  const { initial, next } = o as { initial: (key: K) => S; next: (state: S, value: T, meta: Meta & { readonly key: K }) => Step<S, U> }
  if (o.onTimer !== undefined) throw new MillraceError('STAGE_NOT_AVAILABLE', `scan '${name}': timers are not available in this version`)
  synchronous(`scan '${name}': initial`, initial)
  synchronous(`scan '${name}': next`, next)
  return appended({
    step: 'scan',
    name,
    version: o.version,
    state: {},
    tuning: { ttl: o.ttl },
    reads: { by: [{ f: next, argument: 1 }], passes: 'new' },
    expands: 'expands',
    open: (context, down) => {
      const { cursor, clock, undo } = context
      const store = new KeyedStore<S>(name, o.ttl)
      context.keep(store)
      return value => {
        const key = cursor.key as K | null
        if (key === null) throw new MillraceError('KEY_MISSING', `scan '${name}' needs a key`)
        const now = Math.max(clock.time, cursor.at)
        const step = next(store.get(key, now) ?? begun(name, initial(key)), value as T, cursor as unknown as Meta & { readonly key: K })
        if (step?.state === undefined) refuseNoStep(name, step)
        if (step.timers !== undefined && step.timers.length > 0)
          throw new MillraceError('STAGE_NOT_AVAILABLE', `scan '${name}': timers are not available in this version`)
        store.set(key, step.state ?? undefined, now, undo)
        if (step.emit !== undefined) for (const each of step.emit) down(each)
      }
    },
  })
}

function begun<S>(name: string, state: S): S {
  if (state instanceof Promise) throw promised(`scan '${name}': initial`, state)
  return state
}

/** @throws what is wrong with what `next` gave, if it is no step at all */
function refuseNoStep(name: string, step: unknown): void {
  if (step instanceof Promise) throw promised(`scan '${name}': next`, step)
  if (typeof step !== 'object' || step === null || !('state' in step))
    throw new MillraceError('USER_FUNCTION_FAILED', `scan '${name}': next gave ${String(step)}: a step { state, emit?, timers? } is needed`)
}
