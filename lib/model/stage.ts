// What a pipeline is made of: frozen descriptions. Nothing here runs; lib/engine/compile.ts walks them.
import type { Key } from './key.ts'
import type { Source, Target } from './topic.ts'

/** A frozen description of one step. `In` and `Out` are flow shapes. */
export interface Stage<in In, out Out> {
  readonly step: string
  readonly in: (shape: In) => void
  readonly out: () => Out
}

/** A function of the author that is given the value as its first argument, or as the one named. */
export type Reading = AuthorFunction | { readonly f: AuthorFunction; readonly argument: number }
type AuthorFunction = (...a: never[]) => unknown

/** How a stage uses the value it is given: what the plan's field analysis may conclude from it. */
export interface Reads {
  /** Functions of the author that are given the value, with the place of the value among their arguments; `'whole'` when it leaves the pipeline as it is. */
  readonly by: readonly Reading[] | 'whole'
  /** `'same'`: what goes on is the very value; `'new'`: it ends here. */
  readonly passes: 'same' | 'new'
}

/** The description behind a stage. `Open` is the engine's business (lib/stages/context.ts). */
export interface StageSpec<Open = unknown> {
  readonly step: string
  /** Hand-written; required of whatever owns state (S5.1). */
  readonly name?: string
  readonly version?: number
  /** Part of the fingerprint: what makes stored state readable (S5.7). */
  readonly state?: Readonly<Record<string, unknown>>
  /** Printed, may change freely. */
  readonly tuning?: Readonly<Record<string, unknown>>
  readonly reads: Reads
  /** May push more than one value for one it is given. */
  readonly expands?: 'expands'
  /** Takes only what its input sends to this outlet of its own: a case of a branch. */
  readonly outlet?: string
  /** Of a window: behind it stream time is that of the task minus this many ms (S2.6). */
  readonly lagMs?: number
  /** Targets it writes to. */
  readonly targets?: readonly Target<never>[]
  /** Those of `targets` that are sent the record's own bytes, if its value is still the source's. */
  readonly forwards?: readonly Target<never>[]
  /** What a root reads, and how. */
  readonly source?: SourceSpec
  readonly open: Open
}

export interface SourceSpec {
  readonly of: Source<never, unknown>
  readonly start: 'earliest' | 'latest' | { readonly at: Date }
  /** ms, or null for the processor's own setting. */
  readonly idleMs: number | 'never' | null
  /** The keyBy() node that writes this topic: a repartition, read by its marks (S2.5). */
  readonly upstream?: PlanNode
}

export interface PlanNode {
  readonly id: number
  readonly inputs: readonly PlanNode[]
  readonly spec: StageSpec
}

let ids = 0
/** A node over its inputs, frozen with all that it says. Ids grow in the order of writing; they name nothing that is stored. */
export const planNode = (spec: StageSpec, inputs: readonly PlanNode[]): PlanNode =>
  Object.freeze({ id: ids++, inputs: Object.freeze([...inputs]), spec: frozen(spec) })

function frozen(spec: StageSpec): StageSpec {
  const { reads, tuning, state, targets, forwards, source } = spec
  for (const part of [reads, reads.by, tuning, targets, forwards, source]) Object.freeze(part)
  freezeData(state)
  return Object.freeze(spec)
}
/** The fingerprint is made of it. */
function freezeData(data: unknown): void {
  if (typeof data === 'object' && data !== null) Object.values(Object.freeze(data)).forEach(freezeData)
}

/** One signature per arity: a wrong argument is reported on its own line, never as "no overload matches". */
export interface Pipeable<out S> {
  pipe<A>(a: Stage<S, A>): A
  pipe<A, B>(a: Stage<S, A>, b: Stage<A, B>): B
  pipe<A, B, C>(a: Stage<S, A>, b: Stage<A, B>, c: Stage<B, C>): C
  pipe<A, B, C, D>(a: Stage<S, A>, b: Stage<A, B>, c: Stage<B, C>, d: Stage<C, D>): D
  pipe<A, B, C, D, E>(a: Stage<S, A>, b: Stage<A, B>, c: Stage<B, C>, d: Stage<C, D>, e: Stage<D, E>): E
  pipe<A, B, C, D, E, F>(a: Stage<S, A>, b: Stage<A, B>, c: Stage<B, C>, d: Stage<C, D>, e: Stage<D, E>, f: Stage<E, F>): F
  pipe<A, B, C, D, E, F, G>(
    a: Stage<S, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
  ): G
  pipe<A, B, C, D, E, F, G, H>(
    a: Stage<S, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
  ): H
  pipe<A, B, C, D, E, F, G, H, I>(
    a: Stage<S, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
    i: Stage<H, I>,
  ): I
  pipe<A, B, C, D, E, F, G, H, I, J>(
    a: Stage<S, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
    i: Stage<H, I>,
    j: Stage<I, J>,
  ): J
  pipe<A, B, C, D, E, F, G, H, I, J, L>(
    a: Stage<S, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
    i: Stage<H, I>,
    j: Stage<I, J>,
    l: Stage<J, L>,
  ): L
  pipe<A, B, C, D, E, F, G, H, I, J, L, M>(
    a: Stage<S, A>,
    b: Stage<A, B>,
    c: Stage<B, C>,
    d: Stage<C, D>,
    e: Stage<D, E>,
    f: Stage<E, F>,
    g: Stage<F, G>,
    h: Stage<G, H>,
    i: Stage<H, I>,
    j: Stage<I, J>,
    l: Stage<J, L>,
    m: Stage<L, M>,
  ): M
}

/** Records of type T under key K. A value: using it twice is a tee, and nothing runs. */
export interface Flow<out T, out K> extends Pipeable<Flow<T, K>> {
  to(first: Target<T>, ...more: Target<T>[]): Output
  readonly shape: readonly ['flow', T, K]
}
/** Records that have been put into windows; only a fold makes a flow of it again. */
export interface Windowed<out T, out K, out M extends 'fixed' | 'merging' = 'fixed'> extends Pipeable<Windowed<T, K, M>> {
  readonly shape: readonly ['windowed', T, K, M]
}
/** A changelog read as a table: the latest row of each key, or every version of it. */
export interface TableView<out Row, out K, out V extends 'latest' | 'versioned' = 'latest' | 'versioned'> {
  readonly shape: readonly ['table', Row, K, V]
}
export interface Output {
  readonly plan: 'output'
}
export type AnyFlow = Flow<unknown, Key | unknown>
