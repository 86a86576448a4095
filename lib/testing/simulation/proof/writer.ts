// Who writes the job's input: some events at a time, now and then in a transaction that stays open for a while and hides what comes behind it.
import type { PartitionWrite } from '../../../ports/record-log.ts'
import type { World } from '../world.ts'
import { SimulatedLog } from '../record-log.ts'
import { DIRECT, type Wire } from '../wire.ts'

export class InputWriter {
  readonly #log: SimulatedLog
  #transactions = 0
  /** Lets the transaction go that is held. */
  #release: (() => void) | null = null
  #onHeld: () => void = () => {}
  #hold: 'hold' | 'through' = 'through'

  constructor(world: World) {
    const held: Wire = {
      ...DIRECT,
      call: async (point, effect, broken) => {
        if (point === 'log.end' && this.#hold === 'hold') await this.#held()
        return DIRECT.call(point, effect, broken)
      },
    }
    this.#log = new SimulatedLog(world.broker, held)
  }
  /** Writes and commits at once. @throws what the log throws */
  async write(writes: readonly PartitionWrite[], name: 'writer' | 'lost' = 'writer'): Promise<void> {
    const producer = this.#log.producer(`${name}.${this.#transactions++}`)
    await producer.fence()
    await producer.commit({ writes })
  }
  /** Writes, and is fenced by another before it commits. */
  async abandon(writes: readonly PartitionWrite[]): Promise<void> {
    await this.hang(writes, async () => {
      void this.#log.producer(`writer.${this.#transactions - 1}`).fence() // it waits for markers, which come when the simulation goes on
    })
  }
  /** Writes, and commits after `meanwhile`. Says whether it was committed: such a transaction may time out. */
  async hang(writes: readonly PartitionWrite[], meanwhile: () => Promise<void>): Promise<'committed' | 'aborted'> {
    this.#hold = 'hold'
    const held = new Promise<void>(resolve => (this.#onHeld = resolve))
    const written = this.write(writes).then(
      () => 'committed' as const,
      () => 'aborted' as const,
    )
    await Promise.race([held, written])
    await meanwhile()
    this.#hold = 'through'
    this.#release?.()
    this.#release = null
    return written
  }
  #held(): Promise<void> {
    this.#onHeld()
    return new Promise(resolve => (this.#release = resolve))
  }
}
