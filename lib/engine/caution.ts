// S6.5: a record that kills the process. A process that dies tells nobody, so what it was about to compute is written down before: an attempt, in a
// barrier of the ledger. An attempt that is followed by the start of another process, with no epoch between, is what the process died in.
import type { TaskInput } from './input.ts'
import type { Attempt, Barrier } from './ledger.ts'

/** Deaths in one batch after which it is halved. */
const PATIENCE = 3

/** How a task goes about its next batch. */
export type Caution =
  /** Nothing is known against it. */
  | { readonly kind: 'none' }
  /** A process began before and committed nothing: what is computed next is written down, whatever it is. */
  | { readonly kind: 'noted'; readonly deaths: number }
  /** Processes died in these records: no more than `most` of them at once. */
  | { readonly kind: 'halved'; readonly deaths: number; readonly most: number; readonly within: Attempt['take'] }
  /** A process died in this record when it stood alone. */
  | { readonly kind: 'refused'; readonly deaths: number; readonly input: string; readonly offset: number }

export const NO_CAUTION: Caution = { kind: 'none' }

/** What the barriers since the last epoch say, the own one of this OPEN among them. */
export function cautionOf(trail: readonly Barrier[]): Caution {
  let starts = 0
  let attempt: Attempt | null = null
  let died: Attempt | null = null
  for (const barrier of trail) {
    if (barrier.why === 'attempt') attempt = barrier.attempt
    else {
      if (barrier.why === 'start') {
        starts++
        died = attempt ?? died
      } // 'again': the process lives, so it came through its attempt
      attempt = null
    }
  }
  if (died === null) return starts > 1 ? { kind: 'noted', deaths: 0 } : NO_CAUTION
  const deaths = died.deaths + 1
  if (deaths < PATIENCE) return { kind: 'noted', deaths }
  if (died.records > 1) return { kind: 'halved', deaths, most: died.records >> 1, within: died.take }
  const [[input, [offset]]] = Object.entries(died.take) as [[string, readonly [number, number]]]
  return { kind: 'refused', deaths, input, offset }
}

/** How many records of each input the epoch may still take; 'all': no limit but the epoch's own. */
export type Allowance = 'all' | Map<TaskInput, number>

/**
 * The attempt to write down, of at most `most` records, taken from the inputs one after the other so that the next process takes the same ones; null when none
 * are at hand. In which order they are computed does not matter: the attempt lives or dies as a whole.
 */
export function attemptOf(
  caution: Caution & { readonly kind: 'noted' | 'halved' },
  inputs: readonly TaskInput[],
  most: number,
): { readonly attempt: Attempt | null; readonly allowance: Allowance } {
  let left = caution.kind === 'noted' ? most : Math.min(most, caution.most)
  let records = 0
  const take: Record<string, readonly [number, number]> = {}
  const allowance = new Map<TaskInput, number>()
  for (const input of inputs) {
    const below = caution.kind === 'noted' ? Infinity : (caution.within[input.name]?.[1] ?? -1)
    const ahead = input.ahead(left, below)
    allowance.set(input, ahead.records)
    if (ahead.records === 0) continue
    take[input.name] = [ahead.from, ahead.to]
    records += ahead.records
    left -= ahead.records
  }
  return { attempt: records === 0 ? null : { deaths: caution.deaths, records, take }, allowance }
}

/** What is left of the caution after `records` records were computed or refused. The other half of halved records is still suspected. */
export function cautionAfter(caution: Caution, inputs: readonly TaskInput[], records: number): Caution {
  const ahead = (name: string, to: number): boolean => inputs.some(i => i.name === name && i.next < to)
  switch (caution.kind) {
    case 'none':
      return caution
    case 'noted':
      return records === 0 ? caution : NO_CAUTION
    case 'halved': {
      const left = Object.entries(caution.within).filter(([name, [, to]]) => ahead(name, to))
      return left.length === 0
        ? NO_CAUTION
        : { ...caution, most: records === 0 ? caution.most : Infinity, within: Object.fromEntries(left) }
    }
    case 'refused':
      return ahead(caution.input, caution.offset + 1) ? caution : NO_CAUTION
  }
}
