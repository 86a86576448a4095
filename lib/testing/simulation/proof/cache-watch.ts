// I4: a cache with a clean stamp equals the ledger folded to it, at every instant.
import { stampOf } from '../../../engine/stamp.ts'
import type { World } from '../world.ts'
import { holds } from './ledger-state.ts'
import type { LedgerWatch } from './ledger-watch.ts'

export function cacheViolation(world: World, ledger: LedgerWatch): string | null {
  const { task } = ledger
  const content = world.cache.content(task)
  if (content === null) return null
  const stamp = stampOf(content.stamp)
  if (stamp === null) return `I4: the cache of ${task} carries '${content.stamp}', which is no stamp`
  if (content.damage === 'built on') return `I4: an APPLY went on with the cache of ${task}, which had lost an entry`
  if (stamp.kind === 'dirty' || content.damage === 'damaged') return null
  if (ledger.last !== null && stamp.ledgerId !== ledger.last.ledgerId) return null // of another ledger: nobody may believe it
  const fold = ledger.foldAt(stamp.at)
  if (fold === undefined && ledger.isDecided(stamp.at)) return null // its markers are on their way; it is looked at when they have arrived
  if (fold === undefined) return `I4: the cache of ${task} is clean at ${stamp.at}, which is no committed meta (last ${ledger.lastAt})`
  if (holds(content, fold)) return null
  const held = [...content.stores].map(([store, entries]) => `${store}: ${entries.size}`)
  return `I4: the cache of ${task} at ${stamp.at} holds other entries (${held.join(', ')}) than the ledger folds to (${fold.size})`
}
