import { describePlan } from '../model/describe.ts'
import { MillraceError } from '../model/errors.ts'
import { kindOf, type Plan, planOf } from '../model/plan.ts'
import type { Output } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import type { Target } from '../model/topic.ts'
import type { DeadLetter, Verdict } from '../model/verdict.ts'
import { outputNode } from './flow.ts'
import { synchronous } from './synchronous.ts'

export interface ProcessorOptions {
  /** What becomes of a record that cannot be decoded or processed, and of a result that cannot be written (S6.1). */
  readonly onFailure?: { readonly decode?: Verdict; readonly process?: Verdict; readonly produce?: 'stop' | 'dead-letter' }
  /** Default: the topic `<app>.<processor>.dlq`. */
  readonly deadLetters?: Target<DeadLetter>
  /** Stops the task when more than `share` (0 … 1) of the last `of` records are refused (S6.4). Default 0.2 of 1,000. */
  readonly breaker?: { readonly share: number; readonly of: number } | 'off'
  /** Default one day (S1.3). */
  readonly maxFutureSkew?: Duration
  /** Default 30 s (S2.3). */
  readonly idleAfter?: Duration | 'never'
  /** An epoch ends after so many records (default 50,000) or so much computing (default 100 ms), whichever comes first. */
  readonly epoch?: { readonly records?: number; readonly every?: Duration }
  /**
   * Per name of a stage that keeps values by key (scan, one of your own): makes a value that version `from` of it stored today's; null forgets the key.
   * Called for every stored value at the first start with another version; the snapshot that follows replaces them all. Pure, as every function.
   */
  readonly migrate?: Readonly<Record<string, (old: unknown, from: number) => unknown>>
}

/** A processor is a value before it is a process: one consumer group, described. */
export interface Processor {
  readonly id: string
  readonly options: ProcessorOptions
  /** The plan as text, JSON or a Mermaid drawing. */
  describe(as?: 'text' | 'json' | 'mermaid'): string
}

const PLANS = new WeakMap<Processor, Plan>()
/** @throws PLAN_INVALID when it was not made by `processor()` */
export function planOfProcessor(p: Processor): Plan {
  const plan = PLANS.get(p)
  if (plan === undefined) throw new MillraceError('PLAN_INVALID', 'this is no processor: make it with processor(id, outputs)')
  return plan
}

const ID = /^[a-z][a-z0-9-]{0,99}$/

/**
 * One consumer group. Every output reachable from here belongs to it; flows used by two outputs are computed once.
 * @param id lower case letters, digits and '-', by convention the file's name; it names topics and state, so it must not change
 * @throws PLAN_INVALID, PLAN_DUPLICATE_NAME, SINK_HAS_STATE
 */
export function processor(id: string, outputs: Output | readonly [Output, ...Output[]], options: ProcessorOptions = {}): Processor {
  if (!ID.test(id)) throw new MillraceError('PLAN_INVALID', `'${id}' is no processor id: lower case letters, digits and '-', at most 100`)
  const { breaker } = options
  if (
    breaker !== undefined &&
    breaker !== 'off' &&
    !(breaker.share > 0 && breaker.share <= 1 && Number.isInteger(breaker.of) && breaker.of > 0)
  ) {
    throw new MillraceError(
      'PLAN_INVALID',
      `'${id}' has a breaker of ${breaker.share} in ${breaker.of}: a share in (0, 1] of a whole number of records`,
    )
  }
  const plan = planOf(id, (Array.isArray(outputs) ? (outputs as readonly Output[]) : [outputs as Output]).map(outputNode))
  kindOf(plan)
  for (const name of Object.keys(options.migrate ?? {})) {
    if (!plan.nodes.some(n => n.spec.name === name))
      throw new MillraceError('PLAN_INVALID', `'${id}' has a migrate for '${name}': no stage is called so`)
    synchronous(`'${id}': migrate of '${name}'`, options.migrate![name]!)
  }
  const made: Processor = Object.freeze({
    id,
    options: Object.freeze({ ...options }),
    describe: (as?: 'text' | 'json' | 'mermaid') => describePlan(plan, as),
  })
  PLANS.set(made, plan)
  return made
}
