import { MillraceError } from '../model/errors.ts'
import { isKey, type Key } from '../model/key.ts'
import { type Flow, planNode, type Stage } from '../model/stage.ts'
import type { Target, Topic } from '../model/topic.ts'
import type { OpenSpec } from './context.ts'
import { applied, flowOf } from './flow.ts'
import { sourceNode } from './from.ts'
import { promised, synchronous } from './synchronous.ts'

/**
 * Re-keys through a declared topic: what goes on is what that topic says it holds. The new key must be the topic's own key field;
 * records travel with their task's stream time, and marks tell the reader how far every upstream task is (S2.5).
 */
export function keyBy<T, R, K2 extends Key>(
  f: (value: T) => K2,
  o: { via: Topic<R, K2> & Target<NoInfer<T>> },
): Stage<Flow<T, unknown>, Flow<R, K2>> {
  synchronous('keyBy()', f)
  const spec: OpenSpec = {
    step: 'key-by',
    tuning: { via: o.via.name },
    targets: [o.via],
    reads: { by: 'whole', passes: 'new' },
    open: context => {
      const { cursor } = context
      const send = context.repartitioner(o.via)
      return value => {
        const key: unknown = f(value as T)
        if (key instanceof Promise) throw promised('keyBy()', key)
        if (!isKey(key)) throw new MillraceError('KEY_MISSING', `keyBy() gave ${String(key)}: a key is a string or a number`)
        const before = cursor.key
        cursor.key = key
        send(value)
        cursor.key = before
      }
    },
  }
  return applied('key-by', shape => {
    const upstream = planNode(spec, [flowOf(shape, 'keyBy').node])
    return sourceNode(o.via as never, { start: 'earliest', idleMs: null, upstream })
  })
}
