// The control port's contract: every question of an Inspection as an HTTP request. Server and client are made of this one list.
import { MillraceError } from '../../model/errors.ts'
import type { Inspection, LetterFilter, PlanForm, ReplayOrder } from '../../ports/inspection.ts'

/** A question over the wire: a POST of its arguments as a JSON array to `/<name>`, answered with JSON. */
export type Question = keyof Inspection
type Arguments<Q extends Question> = Parameters<Inspection[Q]>

/** Checks what came over the wire: whoever holds the token may still be wrong. @throws OPTION_INVALID */
export const ARGUMENTS: { readonly [Q in Question]: (given: readonly unknown[]) => Arguments<Q> } = {
  status: () => [],
  plan: ([processor, as]) => [text('processor', processor), oneOf<PlanForm>('as', as, ['text', 'json', 'mermaid'])],
  stored: ([processor]) => [text('processor', processor)],
  state: ([processor, key, limit]) => [
    text('processor', processor),
    key === null || key === undefined ? null : text('key', key),
    whole('limit', limit),
  ],
  lag: () => [],
  topics: () => [],
  query: ([sql]) => [text('sql', sql)],
  letters: ([filter]) => [letterFilter(filter)],
  letter: ([id]) => [text('id', id)],
  replay: ([order]) => [replayOrder(order)],
}

const wrong = (name: string, needed: string): MillraceError => new MillraceError('OPTION_INVALID', `'${name}' must be ${needed}`)
function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw wrong(name, 'text')
  return value
}
function whole(name: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(name, 'a whole number')
  return value as number
}
function oneOf<W extends string>(name: string, value: unknown, words: readonly W[]): W {
  const found = words.find(w => w === value)
  if (found === undefined) throw wrong(name, words.join(' or '))
  return found
}
function fields(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw wrong(name, 'an object')
  return value as Readonly<Record<string, unknown>>
}
function letterFilter(value: unknown): LetterFilter {
  const { processor, limit } = fields('filter', value)
  return {
    ...(processor === undefined ? {} : { processor: text('processor', processor) }),
    ...(limit === undefined ? {} : { limit: whole('limit', limit) }),
  }
}
function replayOrder(value: unknown): ReplayOrder {
  const { letters, twice } = fields('order', value)
  return {
    letters: Array.isArray(letters)
      ? letters.map(id => text('letters', id))
      : { processor: text('processor', fields('letters', letters)['processor']) },
    twice: oneOf('twice', twice, ['refuse', 'accept']),
  }
}
