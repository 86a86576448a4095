// The doors of failure (S6): what becomes of a record or result that cannot go on.
import { isMillraceError, MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import type { Door, Verdict } from '../model/verdict.ts'
import type { TaskLabels } from '../ports/observer.ts'
import type { Cursor } from '../stages/context.ts'
import type { ProcessorOptions } from '../stages/processor.ts'
import type { Deployment } from './environment.ts'
import { failureOf } from './stage-failure.ts'
import { type Outbox, writeOriginal } from './outbox.ts'
import { packHeaders } from '../model/record-batch.ts'

/** S6.4: stops a task whose records are refused by the heap. */
export class Breaker {
  readonly #share: number
  readonly #outcomes: Uint8Array
  #at = 0
  #seen = 0
  #refused = 0
  constructor(options: ProcessorOptions['breaker']) {
    const { share, of } = options === 'off' ? { share: Infinity, of: 1 } : (options ?? { share: 0.2, of: 1_000 })
    this.#share = share
    this.#outcomes = new Uint8Array(of)
  }
  taken(): void {
    this.#note(0)
  }
  /** @returns 'storm' when too many of the last records were refused */
  refused(): 'storm' | 'calm' {
    this.#note(1)
    const of = Math.min(this.#seen, this.#outcomes.length)
    return this.#refused >= LEAST && this.#refused > this.#share * of ? 'storm' : 'calm'
  }
  #note(outcome: 0 | 1): void {
    const i = this.#at
    this.#refused += outcome - this.#outcomes[i]!
    this.#outcomes[i] = outcome
    this.#at = i + 1 === this.#outcomes.length ? 0 : i + 1
    this.#seen++
  }
}
const LEAST = 50

export interface Refused {
  readonly code: string
  readonly message: string
  readonly stage: string
}

/** Decides by the processor's verdicts; 'dead-letter' unless told otherwise, 'stop' for results that cannot be written. */
export function verdictOf(options: ProcessorOptions, door: Door): Verdict {
  return options.onFailure?.[door] ?? (door === 'produce' ? 'stop' : 'dead-letter')
}

/** Throws what stops the task. */
export function stop(error: unknown, where: MillraceError['where']): never {
  const { code, message, stage } = failureOf(error)
  throw new MillraceError(code, `${message} (the processor's verdict is 'stop')`, { cause: error, where: { ...where, stage } })
}

/** Writes dead letters into an epoch (S6.2): original bytes, the rest is headers. */
export class DeadLetters {
  readonly #deployment: Deployment
  readonly #labels: TaskLabels
  readonly #outbox: Outbox
  readonly #cursor: Cursor
  constructor(deployment: Deployment, labels: TaskLabels, outbox: Outbox, cursor: Cursor) {
    this.#deployment = deployment
    this.#labels = labels
    this.#outbox = outbox
    this.#cursor = cursor
  }
  ofRecord(refused: Refused): void {
    const { name, partitions } = this.#deployment.deadLetterTopic
    const builder = this.#outbox.open(
      this.#outbox.lanes(name),
      this.#labels.partition % partitions,
      this.#cursor.batch!.time(this.#cursor.index),
    )
    writeOriginal(builder, this.#cursor, this.#headers(refused, 'record'))
    builder.close()
  }
  ofResult(refused: Refused, value: unknown, key: Key, at: number): void {
    const { name, partitions } = this.#deployment.deadLetterTopic
    const builder = this.#outbox.open(this.#outbox.lanes(name), this.#labels.partition % partitions, at)
    builder.arena.utf8(String(key))
    builder.endKey()
    builder.arena.utf8(asJson(value))
    builder.endValue()
    packHeaders(builder.arena, this.#headers(refused, 'result'))
    builder.close()
  }
  #headers({ code, message, stage }: Refused, of: 'record' | 'result'): readonly (readonly [string, string])[] {
    const { topic, partition, offset, at } = this.#cursor
    return [
      ['millrace-error-code', code],
      ['millrace-error-message', message.slice(0, 2_000)],
      ['millrace-error-of', of],
      ['millrace-processor', this.#deployment.plan.processor],
      ['millrace-stage', stage],
      ['millrace-topic', topic],
      ['millrace-partition', String(partition)],
      ['millrace-offset', String(offset)],
      ['millrace-time', String(at)],
    ]
  }
}

const asJson = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) =>
    typeof v === 'bigint' ? v.toString() : v instanceof Uint8Array ? Buffer.from(v).toString('base64') : v,
  ) ?? 'null'

/** Errors that no verdict applies to: infrastructure is never a dead letter (S6.3). */
export const isInfrastructure = (error: unknown): boolean => isMillraceError(error) && error.entry.retry === 'later'
