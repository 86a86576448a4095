// Looks for state in an rx() chain, record by record: what the one subscription gives must be what a fresh one gives (S5.6).
import { inspect, isDeepStrictEqual } from 'node:util'
import { type OperatorFunction, Subject } from 'rxjs'
import { MillraceError, messageOf } from '../model/errors.ts'
import type { Push, StageContext } from './context.ts'

type Operator = OperatorFunction<unknown, unknown>

/** What a chain makes of one record. */
interface Outcome {
  readonly values: readonly unknown[]
  /** How it ended the record or itself; null when it did neither. */
  readonly ended: string | null
}

/** @param running opens the chain as it runs outside of tests */
export function compared(
  op: Operator,
  context: StageContext,
  down: Push,
  running: (op: Operator, context: StageContext, down: Push) => Push,
): Push {
  const { cursor } = context
  let values: unknown[] = []
  const run = running(op, context, value => values.push(value))
  return value => {
    values = []
    let thrown: { readonly error: unknown } | null = null
    try {
      run(value)
    } catch (error) {
      thrown = { error }
    }
    const fresh = onFreshSubscription(op, value)
    const ran: Outcome = { values, ended: thrown === null ? null : endOf(thrown.error) }
    if (!isDeepStrictEqual(ran, fresh)) {
      const { topic, partition, offset } = cursor
      context.fatal(
        new MillraceError(
          'RX_STATEFUL',
          `rx() (stage ${context.place} of the plan) made ${shown(ran)} of the record ${topic}/${partition}@${offset}, but ${shown(fresh)} on a fresh subscription: its operators remember other records, which a restart forgets; memory belongs into scan()`,
          { where: { stage: 'rx', topic, partition, offset } },
        ),
      )
      return
    }
    for (const each of ran.values) down(each)
    if (thrown !== null) throw thrown.error
  }
}

function onFreshSubscription(op: Operator, value: unknown): Outcome {
  const values: unknown[] = []
  let ended: string | null = null
  const input = new Subject<unknown>()
  const subscription = op(input).subscribe({
    next: each => void values.push(each),
    error: (error: unknown) => {
      ended ??= endOf(error)
    },
    complete: () => {
      ended ??= COMPLETED
    },
  })
  input.next(value)
  subscription.unsubscribe()
  return { values, ended }
}

const COMPLETED = 'its completion'
const endOf = (error: unknown): string =>
  error instanceof MillraceError && error.code === 'RX_COMPLETED' ? COMPLETED : `the error '${messageOf(error)}'`

/** Long values are cut: the first characters tell which they are. */
function shown({ values, ended }: Outcome): string {
  const texts = [...values.slice(0, 3).map(v => shortened(v)), ...(values.length > 3 ? [`${values.length - 3} more`] : [])]
  const made = texts.length === 0 ? 'nothing' : texts.join(', ')
  return ended === null ? made : `${made} and ${ended}`
}
const shortened = (value: unknown): string => {
  const text = inspect(value, { depth: 3, breakLength: Infinity })
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
