// The newest frames stay in memory, up to a bound, so that who reads at the end never touches the disk.
import type { Catalog } from './catalog.ts'
import type { Landed } from './journal.ts'
import type { PartitionIndex } from './partition-index.ts'

interface KeptFrame {
  readonly sizeBytes: number
  readonly batches: readonly { readonly index: PartitionIndex; readonly base: number }[]
}

export class TailMemory {
  readonly #limit: number
  /** Oldest first, from `#first` on. */
  #frames: KeptFrame[] = []
  #first = 0
  #sizeBytes = 0
  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }
  get sizeBytes(): number {
    return this.#sizeBytes
  }
  /** Keeps a frame that just landed; lets go of the oldest ones. */
  keep({ bytes, batches }: Landed, catalog: Catalog): void {
    if (batches.length === 0 || bytes.length > this.#limit) return
    const kept = batches.map(batch => {
      const index = catalog.indexOf(batch)!
      index.memory.set(batch.base, { bytes, at: batch.position })
      return { index, base: batch.base }
    })
    this.#frames.push({ sizeBytes: bytes.length, batches: kept })
    this.#sizeBytes += bytes.length
    while (this.#sizeBytes > this.#limit) this.#letGo()
  }
  #letGo(): void {
    const { sizeBytes, batches } = this.#frames[this.#first]!
    for (const { index, base } of batches) index.memory.delete(base)
    this.#sizeBytes -= sizeBytes
    this.#first++
    if (this.#first > 1024 && this.#first > this.#frames.length / 2) {
      this.#frames = this.#frames.slice(this.#first)
      this.#first = 0
    }
  }
}
