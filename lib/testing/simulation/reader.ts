// The client's side of reading one partition.
import { MillraceError } from '../../model/errors.ts'
import type { Fetched, PartitionReader } from '../../ports/record-log.ts'
import { Arrivals } from './arrivals.ts'
import type { LogLife } from './log-life.ts'
import type { Partition } from './partition.ts'
import type { Backstage, Broken, Wire } from './wire.ts'

export const unavailable: Broken = what => new MillraceError('LOG_UNAVAILABLE', `the record log did not answer: ${what}`)

export class SimulatedReader implements PartitionReader {
  readonly #partition: () => Partition
  readonly #backstage: Backstage
  readonly #wire: Wire
  readonly #log: LogLife
  #position: number
  /** Which seek the position comes from: a fetch under way does not undo a later one. */
  #seeks = 0
  #closed = false
  readonly #arrivals: Arrivals
  readonly #wake = (): void => this.#arrivals.close()

  constructor(partition: () => Partition, from: number, backstage: Backstage, wire: Wire, log: LogLife) {
    this.#partition = partition
    this.#position = from
    this.#backstage = backstage
    this.#wire = wire
    this.#log = log
    this.#arrivals = new Arrivals(wire, 'log.arrived')
    log.watch(this.#wake)
  }
  async fetch(maxBytes: number): Promise<Fetched> {
    if (this.#closed) throw new MillraceError('LOG_UNAVAILABLE', 'the reader is closed')
    const from = this.#position
    const seeks = this.#seeks
    const some = (available: number): number => this.#backstage.some(available)
    const detail = (): string => `${this.#partition().topic}/${this.#partition().number} from ${from}`
    const fetched = await this.#log.during(() =>
      this.#wire.call('log.fetch', () => this.#partition().read(this.#misplaced(from), maxBytes, some), unavailable, detail),
    )
    if (seeks === this.#seeks) this.#position = fetched.next
    return fetched
  }
  #misplaced(from: number): number {
    const { start, stable } = this.#partition()
    return from < start || from > stable ? from : this.#backstage.misplaced(from, start, stable)
  }
  seek(offset: number): void {
    this.#position = offset
    this.#seeks++
  }
  arrived(signal: AbortSignal): Promise<void> {
    try {
      return this.#arrivals.at(this.#partition(), this.#position, signal)
    } catch {
      return Promise.resolve() // the topic is gone: the next fetch says so
    }
  }
  close(): void {
    this.#closed = true
    this.#log.unwatch(this.#wake)
    this.#arrivals.close()
  }
}
