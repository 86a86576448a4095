// I4: a cache with a clean stamp equals the ledger folded to it, at every instant.
import { stampOf } from '../../../engine/stamp.ts'
import type { TaskContent } from '../cache-server.ts'
import type { World } from '../world.ts'
import type { LedgerWatch } from './ledger-watch.ts'

export class CacheWatch {
  readonly #world: World
  readonly #ledger: LedgerWatch
  /** What was found to be right, or to claim nothing: every change makes another object of it. */
  #seen: TaskContent | null = null

  constructor(world: World, ledger: LedgerWatch) {
    this.#world = world
    this.#ledger = ledger
  }
  violation(): string | null {
    const content = this.#world.cache.content(this.#ledger.task)
    if (content === null || content === this.#seen) return null
    const found = this.#judged(content)
    if (found === 'later') return null
    this.#seen = content
    return found
  }
  /** 'later': what it claims cannot be looked at yet. */
  #judged(content: TaskContent): string | 'later' | null {
    const { task, last, lastAt } = this.#ledger
    const stamp = stampOf(content.stamp)
    if (stamp === null) return `I4: the cache of ${task} carries '${content.stamp}', which is no stamp`
    if (content.damage === 'built on') return `I4: an APPLY went on with the cache of ${task}, which had lost an entry`
    if (stamp.kind === 'dirty' || content.damage === 'damaged') return null
    if (last !== null && stamp.ledgerId !== last.ledgerId) return null // of another ledger: nobody may believe it
    const fold = this.#ledger.foldAt(stamp.at)
    if (fold === undefined && this.#ledger.isDecided(stamp.at)) return 'later' // its markers are on their way
    if (fold === undefined) return `I4: the cache of ${task} is clean at ${stamp.at}, which is no committed meta (last ${lastAt})`
    if (this.#ledger.isHeldBy(content, fold)) return null
    const held = [...content.stores].map(([store, entries]) => `${store}: ${entries.size}`)
    return `I4: the cache of ${task} at ${stamp.at} holds other entries (${held.join(', ')}) than the ledger folds to (${fold.size})`
  }
}
