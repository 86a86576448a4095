// Real RxJS operators inside the turn (S5.6). Errors, completion and foreign emissions do not get past this file.
import { Observable, type OperatorFunction, type Subscriber, type Subscription } from 'rxjs'
import { MillraceError } from '../model/errors.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { AsyncWork } from './async-work.ts'
import type { Push, StageContext } from './context.ts'
import { appended } from './flow.ts'
import { compared } from './rx-compared.ts'

/**
 * A chain of synchronous, stateless RxJS operators on plain values. Memory belongs into scan().
 *
 * A chain that waits ends the task (RX_ASYNC_EMISSION), one that completes refuses its record (RX_COMPLETED). One that remembers is found by the
 * test driver (RX_STATEFUL): what operators remember does not survive a restart.
 */
export function rx<T, K, U>(op: OperatorFunction<T, U>): Stage<Flow<T, K>, Flow<U, K>> {
  return appended({
    step: 'rx',
    reads: { by: 'whole', passes: 'new' },
    expands: 'expands',
    open: (context, down) => {
      const chain = op as OperatorFunction<unknown, unknown>
      return context.rx === 'run' ? running(chain, context, down) : compared(chain, context, down, running)
    },
  })
}

/** Records that are watched for asynchronous work; what starts none by then is not watched any longer. */
const WATCHED = 256

/** What a chain subscribes to: hot like a Subject, whose next() would cost more than an operator does (bench/stages.ts). */
class Entry {
  #subscribers: readonly Subscriber<unknown>[] = []
  readonly values = new Observable<unknown>(subscriber => {
    this.#subscribers = [...this.#subscribers, subscriber]
    return () => {
      this.#subscribers = this.#subscribers.filter(other => other !== subscriber)
    }
  })
  next(value: unknown): void {
    const all = this.#subscribers
    if (all.length === 1) all[0]!.next(value)
    else for (const each of all) each.next(value)
  }
}

/** One subscription for all records, until an error or its completion ends it; then another one. */
function running(op: OperatorFunction<unknown, unknown>, context: StageContext, down: Push): Push {
  const work = new AsyncWork()
  let left = WATCHED
  let input = new Entry()
  let subscription: Subscription | undefined
  let turn: 'in' | 'out' = 'out'
  let thrown: { readonly error: unknown } | null = null
  let chain: 'alive' | 'ended' = 'alive'
  const waits = (how: string): void =>
    context.fatal(
      new MillraceError('RX_ASYNC_EMISSION', `an rx() chain ${how}: use synchronous operators only`, { where: { stage: 'rx' } }),
    )
  const connect = (): void => {
    subscription?.unsubscribe()
    input = new Entry()
    chain = 'alive'
    subscription = op(input.values).subscribe({
      next: value => {
        if (turn === 'out') return waits('emitted outside its turn')
        if (thrown !== null) return
        try {
          if (left > 0) work.aside(() => down(value))
          else down(value)
        } catch (error) {
          thrown = { error } // RxJS would report it on a timer and go on
        }
      },
      error: (error: unknown) => {
        thrown ??= { error }
        chain = 'ended'
      },
      complete: () => {
        thrown ??= {
          error: new MillraceError('RX_COMPLETED', 'an rx() chain completed: take() and first() would end the stream for ever'),
        }
        chain = 'ended'
      },
    })
  }
  const watched = (value: unknown): void => {
    work.during(() => input.next(value))
    left--
    if (work.found !== null) waits(`started work in its turn that goes on after it (${work.found})`)
  }
  connect()
  return value => {
    turn = 'in'
    if (left > 0) watched(value)
    else input.next(value)
    turn = 'out'
    if (thrown === null) return
    const { error } = thrown
    thrown = null
    if (chain === 'ended') connect()
    throw error
  }
}
