// Real RxJS operators inside the turn (S5.6). Errors, completion and foreign emissions do not get past this file.
import { type OperatorFunction, Subject, type Subscription } from 'rxjs'
import { MillraceError } from '../model/errors.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'

/** A chain of synchronous, stateless RxJS operators on plain values. Memory belongs into scan(). */
export function rx<T, K, U>(op: OperatorFunction<T, U>): Stage<Flow<T, K>, Flow<U, K>> {
  return appended({
    step: 'rx',
    reads: { by: 'whole', passes: 'new' },
    expands: 'expands',
    open: (context, down) => {
      let input = new Subject<T>()
      let subscription: Subscription | undefined
      let turn: 'in' | 'out' = 'out'
      let thrown: { readonly error: unknown } | null = null
      let chain: 'alive' | 'ended' = 'alive'
      const connect = (): void => {
        subscription?.unsubscribe()
        input = new Subject<T>()
        chain = 'alive'
        subscription = op(input).subscribe({
          next: value => {
            if (turn === 'out')
              return context.fatal(
                new MillraceError('RX_ASYNC_EMISSION', 'an rx() chain emitted outside its turn: use synchronous operators only'),
              )
            if (thrown !== null) return
            try {
              down(value)
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
      connect()
      return value => {
        turn = 'in'
        input.next(value as T)
        turn = 'out'
        if (thrown === null) return
        const { error } = thrown
        thrown = null
        if (chain === 'ended') connect()
        throw error
      }
    },
  })
}
