// The door for stages of users' own: what of the engine such a stage may see, and nothing that could hurt the rest of the pipeline.
import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import type { Meta, Storable } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import { KeyedStore } from '../state/keyed-store.ts'
import type { Push, StageContext } from './context.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'

/** What a stage of your own remembers of the key in hand. What `set` was given must not be changed in place afterwards. */
export interface OwnState<S> {
  /** Undefined when nothing is remembered, or no longer. */
  get(): S | undefined
  set(state: S): void
  forget(): void
}

/**
 * What a stage of your own is given when a task opens it. All of it is for the record in hand: used after the function has returned, it stops the task
 * with ASYNC_FUNCTION.
 */
export interface OwnContext<U, S> {
  /** Sends a value on, under the record's key and event time, or at another one (whole ms since 1970). If it is refused further on, so is the record. */
  emit(value: U, at?: number): void
  /** Memory of the record's key. What a refused record changed is put back. */
  readonly state: OwnState<S>
  /** Counts the record as dropped (`millrace_dropped_records_total`); what emits nothing and does not say so is not counted. */
  drop(): void
  /** The largest event time before this record at this place, ms since epoch; −Infinity before the first (S2.1). */
  streamTime(): number
  /** Partition number of the task. */
  readonly partition: number
}

/** Taken once per record, in offset order. Synchronous and pure over (state, value, meta), as every function of a pipeline (S5.5). */
export type OwnFunction<T, K> = (value: T, meta: Meta & { readonly key: K }) => void

/** Whatever remembers has a name and a version by hand (S5.1), and says how long. */
export interface Remembering {
  /** Names the state for ever. */
  readonly name: string
  /** Raise it when the state's form changes. */
  readonly version: number
  /** Event time after the last change; null never forgets. */
  readonly ttl: Duration | null
}
type Forgetful = { readonly [W in keyof Remembering]?: 'a stage that remembers says the type of its state: stage<T, K, U, S>' }
type Memory<S> = [S] extends [never] ? Forgetful : [S] extends [Storable<S>] ? Remembering : { readonly name: 'state must be plain data' }

/**
 * A stage of your own: `open` is called once for every task and gives the function that takes its records. See docs/own-stages.md.
 * @param o `step`: the word for it in plans, dead letters and metrics: lower case letters, digits, '-'; with a state `S` also `name`, `version`, `ttl`
 * @throws PLAN_INVALID, ASYNC_FUNCTION
 * @example
 * const everyNth = <T, K extends Key>(name: string, n: number) =>
 *   stage<T, K, T, number>({ step: 'every-nth', name, version: 1, ttl: null, open: ({ emit, state }) => value => {
 *     const seen = (state.get() ?? 0) + 1
 *     state.set(seen % n)
 *     if (seen === n) emit(value)
 *   } })
 */
export function stage<T, K, U, S = never>(
  o: { readonly step: string; readonly open: (context: OwnContext<U, S>) => OwnFunction<T, K> } & Memory<S>,
): Stage<Flow<T, K>, Flow<U, K>> {
  const { step, open, name, version, ttl } = o as {
    step: string
    open: (context: OwnContext<U, S>) => OwnFunction<T, K>
  } & Partial<Remembering>
  if (typeof step !== 'string' || !/^[a-z][a-z0-9-]{0,49}$/.test(step))
    throw new MillraceError('PLAN_INVALID', `stage() has the step '${step}': lower case letters, digits and '-', at most 50`)
  synchronous(`stage '${step}': open`, open)
  if (name !== undefined && ttl === undefined)
    throw new MillraceError('PLAN_INVALID', `stage '${step}' remembers in '${name}', but does not say how long: ttl, or null for ever`)
  if (name === undefined && version !== undefined)
    throw new MillraceError(
      'PLAN_INVALID',
      `stage '${step}' has a version and no name: what it remembers needs both, what does not neither`,
    )
  return appended({
    step,
    ...(name === undefined ? { tuning: { own: 'stage' } } : { name, version: version!, state: { own: 'stage' }, tuning: { ttl: ttl! } }),
    reads: { by: 'whole', passes: 'new' },
    expands: 'expands',
    open: (context, down) => {
      const store = name === undefined ? null : new KeyedStore<S>(name, ttl!)
      if (store !== null) context.keep(store)
      return openOwn(name ?? step, open as never, context, down, store)
    },
  })
}

function openOwn<S>(
  label: string,
  open: (context: OwnContext<unknown, S>) => OwnFunction<unknown, Key | null>,
  context: StageContext,
  down: Push,
  store: KeyedStore<S> | null,
): Push {
  const { cursor, clock, undo } = context
  let turn: 'in' | 'out' = 'out'
  /** What refused an emitted value; the author's function may have caught it. */
  let refused: { readonly error: unknown } | null = null
  const send = (value: unknown): void => {
    try {
      down(value)
    } catch (error) {
      refused ??= { error }
      throw error
    }
  }
  /** @throws ASYNC_FUNCTION, which also ends the task: nobody may catch what comes after the turn */
  const inTurn = (what: string): void => {
    if (turn === 'in') return
    const error = new MillraceError(
      'ASYNC_FUNCTION',
      `stage '${label}' used ${what} after its function had returned: inside a turn nothing waits`,
    )
    context.fatal(error)
    throw error
  }
  const now = (): number => Math.max(clock.time, cursor.at)
  const remembered = (what: string): { readonly store: KeyedStore<S>; readonly key: Key } => {
    inTurn(what)
    if (store === null)
      throw new MillraceError('PLAN_INVALID', `stage '${label}' used ${what}, but has no name and version to remember anything under`)
    if (cursor.key === null) throw new MillraceError('KEY_MISSING', `stage '${label}' remembers by key, and this record has none`)
    return { store, key: cursor.key }
  }
  const take = open({
    emit: (value, at) => {
      inTurn('emit()')
      if (at === undefined) return send(value)
      if (!Number.isSafeInteger(at) || at < 0)
        throw new MillraceError('EVENT_TIME_INVALID', `stage '${label}' emitted at ${at}: whole milliseconds since 1970 are needed`)
      const before = cursor.at
      cursor.at = at
      send(value)
      cursor.at = before
    },
    state: {
      get: () => {
        const { store: of, key } = remembered('state.get()')
        return of.get(key, now())
      },
      set: state => {
        const { store: of, key } = remembered('state.set()')
        of.set(key, state, now(), undo)
      },
      forget: () => {
        const { store: of, key } = remembered('state.forget()')
        of.set(key, undefined, now(), undo)
      },
    },
    drop: () => {
      inTurn('drop()')
      context.dropped(label)
    },
    streamTime: () => clock.time,
    partition: context.partition,
  })
  synchronous(`stage '${label}': what open gave`, take)
  return value => {
    turn = 'in'
    refused = null
    try {
      const given: unknown = take(value, cursor as unknown as Meta & { readonly key: Key | null })
      if (given instanceof Promise) throw promised(`stage '${label}'`, given)
      if (refused !== null) throw (refused as { readonly error: unknown }).error
    } finally {
      turn = 'out'
    }
  }
}
