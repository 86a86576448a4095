// Packed blocks of state changes: few large ledger records instead of one per key (exactly-once.md §1). A snapshot is made of the same blocks.
//   block  = version u8, store count u8, (name length u8, name)…, entry…
//   entry  = store u8, key length u32, value length u32 (0xffffffff deletes), key, value
import { Arena } from '../model/arena.ts'
import { MillraceError } from '../model/errors.ts'

const VERSION = 1
const DELETED = 0xffffffff
const ENTRY_HEAD = 9
/** A block is closed once it holds this much: below every broker's default limit of 1 MB with room for one more entry. */
export const BLOCK_BYTES = 900_000

export interface BlockEntry {
  readonly store: string
  readonly key: Buffer
  readonly value: Buffer | null
}

/** Collects entries into blocks. An entry is opened, its key and then its value are written into `arena`, each is ended. */
export class BlockWriter {
  readonly arena = new Arena(4 * 1024) // grows to what an epoch needs
  readonly #stores: readonly string[]
  readonly #blocks: Buffer[] = []
  #headBytes = 0
  #entryAt = 0
  #valueAt = 0
  entries = 0
  constructor(stores: readonly string[]) {
    this.#stores = stores
    this.#begin()
  }
  open(store: number): void {
    const { arena } = this
    arena.reserve(ENTRY_HEAD)
    this.#entryAt = arena.at
    arena.bytes[arena.at] = store
    arena.at += ENTRY_HEAD
  }
  endKey(): void {
    const { arena } = this
    this.#valueAt = arena.at
    arena.bytes.writeUInt32LE(arena.at - this.#entryAt - ENTRY_HEAD, this.#entryAt + 1)
  }
  endValue(): void {
    this.#close(this.arena.at - this.#valueAt)
  }
  /** Ends the entry as a deletion of its key. */
  deleted(): void {
    this.#close(DELETED)
  }
  /** An entry as its bytes. */
  raw(store: number, key: Uint8Array, value: Uint8Array): void {
    this.open(store)
    this.arena.raw(key)
    this.endKey()
    this.arena.raw(value)
    this.endValue()
  }
  /** All blocks written so far; the writer starts anew. */
  take(): readonly Buffer[] {
    this.#flush()
    return this.#blocks.splice(0)
  }
  #close(valueLength: number): void {
    const { arena } = this
    arena.bytes.writeUInt32LE(valueLength, this.#entryAt + 5)
    this.entries++
    if (arena.at >= BLOCK_BYTES) this.#flush()
  }
  #flush(): void {
    if (this.arena.at > this.#headBytes) this.#blocks.push(this.arena.copy())
    this.#begin()
  }
  #begin(): void {
    const { arena } = this
    arena.clear()
    arena.byte(VERSION)
    arena.byte(this.#stores.length)
    for (const name of this.#stores) {
      arena.byte(Buffer.byteLength(name))
      arena.utf8(name)
    }
    this.#headBytes = arena.at
  }
}

/** The entries of a block, in order; keys and values share its memory. @throws LEDGER_CORRUPT */
export function* entriesOf(block: Buffer): Generator<BlockEntry> {
  if (block[0] !== VERSION)
    throw new MillraceError('LEDGER_CORRUPT', `a state block has version ${block[0]}, this release reads version ${VERSION}`)
  const stores: string[] = []
  let at = 2
  for (let n = block[1]!; n > 0; n--) {
    const length = block[at]!
    stores.push(block.toString('utf8', at + 1, at + 1 + length))
    at += 1 + length
  }
  while (at < block.length) {
    const store = stores[block[at]!]
    if (store === undefined || at + ENTRY_HEAD > block.length)
      throw new MillraceError('LEDGER_CORRUPT', `a state block is damaged at byte ${at}`)
    const keyLength = block.readUInt32LE(at + 1)
    const valueLength = block.readUInt32LE(at + 5)
    const keyAt = at + ENTRY_HEAD
    const valueAt = keyAt + keyLength
    at = valueAt + (valueLength === DELETED ? 0 : valueLength)
    if (at > block.length) throw new MillraceError('LEDGER_CORRUPT', `a state block ends in the middle of an entry, at byte ${keyAt}`)
    yield { store, key: block.subarray(keyAt, valueAt), value: valueLength === DELETED ? null : block.subarray(valueAt, at) }
  }
}
