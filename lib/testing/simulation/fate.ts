// Which faults strike, and when. The dice belong to a draw, not to a stream: a fault that is left out does not move the others.
import { MillraceError } from '../../model/errors.ts'
import { CALM, type CallFault, type Fault, type FaultRates, WORLD_FAULTS, type WorldFault } from './faults.ts'
import { type DrawPoint, possibleAt, weightAt } from './judgement.ts'
import type { Pending } from './pending.ts'
import { mixed, SeededRandom } from './random.ts'

/** A fault that struck, and the draw at which it did. */
export interface Strike {
  readonly draw: number
  readonly fault: Fault
}

export interface FateOptions {
  readonly rates: FaultRates
  /** Exactly these strike, where they can: no dice. */
  readonly strikes?: readonly Strike[] | undefined
  /** Decides the faults of calls instead of the dice: to strike at every point in turn. */
  readonly decide?: ((point: DrawPoint) => CallFault | null) | undefined
}

export class Fate {
  /** What has struck, in order. */
  readonly struck: Strike[] = []
  readonly #seed: number
  readonly #decide: ((point: DrawPoint) => CallFault | null) | null
  /** By draw; null: the dice decide. */
  readonly #given: ReadonlyMap<number, readonly Fault[]> | null
  #rates: FaultRates
  #anyOfWorld: number
  /** The rates of what is possible somewhere, in that order, and their sum: looked up at every draw. */
  readonly #sums = new Map<readonly CallFault[], { readonly rates: readonly number[]; readonly any: number }>()

  constructor(seed: number, { rates, strikes, decide }: FateOptions) {
    this.#seed = mixed(seed)
    this.#decide = decide ?? null
    this.#given = strikes === undefined ? null : byDraw(strikes)
    this.#rates = rates
    this.#anyOfWorld = WORLD_FAULTS.reduce((sum, kind) => sum + rates[kind], 0)
  }
  /** Nothing strikes any more. */
  end(): void {
    this.#rates = CALM
    this.#anyOfWorld = 0
    this.#sums.clear()
  }
  /** What strikes the call that was drawn. */
  ofCall(draw: number, pending: Pending): CallFault | null {
    if (this.#decide !== null) return this.#decided(draw, pending)
    if (this.#rates === CALM) return null
    const possible = possibleAt(pending)
    if (this.#given !== null) return possible.find(kind => this.#given!.get(draw)?.includes(kind)) ?? null
    const { rates, any } = this.#ratesOf(possible)
    let x = this.#throw(draw, 0) / weightOf(pending, any)
    for (let i = 0; i < rates.length; i++) if ((x -= rates[i]!) < 0) return possible[i]!
    return null
  }
  /** What befalls the world before a draw. */
  ofWorld(draw: number): WorldFault | null {
    if (this.#given !== null)
      return this.#rates === CALM ? null : (WORLD_FAULTS.find(kind => this.#given!.get(draw)?.includes(kind)) ?? null)
    if (this.#anyOfWorld === 0) return null
    let x = this.#throw(draw, 1)
    if (x >= this.#anyOfWorld) return null
    for (const kind of WORLD_FAULTS) if ((x -= this.#rates[kind]) < 0) return kind
    return null
  }
  /** The chance that a fault at this draw is made of: whom, how long. */
  chanceAt(draw: number): SeededRandom {
    return new SeededRandom(mixed(this.#seed + 2 * draw + 1))
  }
  note(draw: number, fault: Fault): void {
    this.struck.push({ draw, fault })
  }
  #ratesOf(possible: readonly CallFault[]): { readonly rates: readonly number[]; readonly any: number } {
    let found = this.#sums.get(possible)
    if (found === undefined) {
      const rates = possible.map(kind => this.#rates[kind])
      this.#sums.set(possible, (found = { rates, any: rates.reduce((sum, rate) => sum + rate, 0) }))
    }
    return found
  }
  #throw(draw: number, die: 0 | 1): number {
    return mixed(this.#seed ^ mixed(2 * draw + die)) / 0x100000000
  }
  #decided(draw: number, pending: Pending): CallFault | null {
    const possible = possibleAt(pending)
    const { stage, point, client } = pending
    const fault = this.#decide!({ draw, stage, point, process: client, possible })
    if (fault !== null && !possible.includes(fault))
      throw new MillraceError('INTERNAL', `'${fault}' is not possible at ${point} as a ${stage}`)
    return fault
  }
}

/** No fault is so likely anywhere that nothing goes on. */
function weightOf(pending: Pending, any: number): number {
  const weight = weightAt(pending)
  return weight <= 1 ? weight : Math.max(1, Math.min(weight, 0.5 / any))
}

function byDraw(strikes: readonly Strike[]): ReadonlyMap<number, readonly Fault[]> {
  const faults = new Map<number, Fault[]>()
  for (const { draw, fault } of strikes) faults.set(draw, [...(faults.get(draw) ?? []), fault])
  return faults
}
