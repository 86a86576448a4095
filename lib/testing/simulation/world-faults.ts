// What befalls the servers and the clocks between two draws.
import { stampOf } from '../../engine/stamp.ts'
import type { WorldFault } from './faults.ts'
import type { Outage } from './judgement.ts'
import type { Process } from './process.ts'
import type { SeededRandom } from './random.ts'
import type { Backstage } from './wire.ts'
import type { World } from './world.ts'

/** What can be struck. */
export interface Victims {
  outage: Outage | null
  readonly world: World
  readonly backstage: Backstage
  readonly alive: readonly Process[]
  /** Virtual time, ms. */
  readonly time: number
  /** Whether nobody has the task's cache open. */
  unattended(task: string): boolean
  /** Whether a call is on its way whose point begins so, at this stage or at any. */
  underWay(point: string, stage?: 'request'): boolean
}
interface Blow {
  readonly on: Victims
  readonly chance: SeededRandom
}
/** Null when there was nothing it could befall; else what happened, for the trace. */
type Befall = (blow: Blow) => string | null

const HOUR = 3_600_000

export const BEFALLS: Readonly<Record<WorldFault, Befall>> = {
  'cache rolled back': ({ on, chance }) => {
    const { world } = on
    const { justTouched } = world.cache
    // Where it matters most: just before what a client asks for is read, then between two of its calls.
    const asked = on.underWay('cache.read', 'request') || on.underWay('cache.scan', 'request')
    if (!asked && chance.below(justTouched === null ? 30 : 7) > 0) return null
    const tasks = world.cache.tasks.filter(task => world.cache.pastStamps(task).length > 0)
    if (tasks.length === 0) return null
    const chosen = chance.below(4) === 0 ? tasks : [justTouched !== null && tasks.includes(justTouched) ? justTouched : chance.pick(tasks)]
    for (const task of chosen) {
      const stamps = world.cache.pastStamps(task)
      const calls = stamps.map((_, i) => i + 1)
      const followed = calls.filter(n => isFollowed(stamps[n - 1]!)) // a rebuilt cache tells its owner at once what it is
      const some = followed.length > 0 && chance.below(4) > 0 ? followed : calls
      world.cache.rollBack(task, chance.below(2) === 0 ? some.at(-1)! : chance.pick(some)) // the older, the more is different
    }
    return chosen.map(task => `${task} to ${world.cache.stamp(task)}`).join(', ')
  },
  'cache lost its tail': ({ on: { world }, chance }) => {
    const tasks = stamped(world).filter(task => callOf(world.cache.stamp(task)!) > 0 && world.cache.pastStamps(task).length > 0)
    if (tasks.length === 0) return null
    const task = chance.pick(tasks)
    world.cache.rollBack(task, chance.between(1, Math.min(callOf(world.cache.stamp(task)!), world.cache.pastStamps(task).length)))
    return `${task} to ${world.cache.stamp(task)}`
  },
  'cache lost': ({ on: { world }, chance }) => {
    const tasks = stamped(world)
    if (tasks.length === 0) return null
    const chosen = chance.below(4) === 0 ? tasks : [chance.pick(tasks)]
    for (const task of chosen) world.cache.lose(task)
    return chosen.join(', ')
  },
  'cache of another ledger': ({ on: { world }, chance }) => {
    const tasks = stamped(world)
    if (tasks.length === 0) return null
    const task = chance.pick(tasks)
    world.cache.exchange(task, world.cache.stamp(task)!.replace(/^[^:]+/, chance.uuid()))
    return `${task} with ${world.cache.stamp(task)}`
  },
  'cache entry lost': ({ on, chance }) => {
    const { world } = on
    if (on.underWay('cache.')) return null // it would be written on
    const tasks = stamped(world).filter(task => callOf(world.cache.stamp(task)!) === 0 && on.unattended(task))
    if (tasks.length === 0) return null
    const task = chance.pick(tasks)
    return world.cache.forget(task, chance.below(1_000)) === 'lost' ? task : null
  },
  'group offsets lost': ({ on: { world }, chance }) => {
    const groups = [...new Set(world.broker.offsets.map(o => o.group))]
    if (groups.length === 0) return null
    const group = chance.pick(groups)
    world.broker.loseOffsets(group)
    return group
  },
  'clock jump': ({ on: { alive, time, backstage }, chance }) => {
    if (alive.length === 0) return null
    const process = chance.pick(alive)
    if (chance.below(3) > 0) {
      const by = chance.between(-HOUR, HOUR)
      process.skew += by
      return `${process} by ${by} ms`
    }
    if (process.frozenAt !== null) return null
    process.frozenAt = time
    backstage.after(chance.below(60_000), 'clock.goes', () => {
      process.frozenAt = null
    })
    return `${process} stands still`
  },
  'leader move': ({ on: { world, backstage }, chance }) => {
    const partition = world.broker.coordinator.justMarked
    if (partition === null) return null
    partition.moveLeader(chance.between(1, 8))
    backstage.after(chance.below(3_000), 'log.leader', () => partition.learnEnd())
    return `${partition.topic}/${partition.number} knows ${partition.known} of ${partition.end}`
  },
  'member evicted': ({ on: { world, backstage }, chance }) => {
    const groups = world.broker.groups.filter(g => g.members.length > 0)
    if (groups.length === 0) return null
    const group = chance.pick(groups)
    const member = chance.pick(group.members)
    group.evict(member)
    backstage.after(chance.below(2_000), 'log.rejoin', () => group.join(member))
    return 'a member'
  },
  'disk full': ({ on: { world, backstage }, chance }) => {
    if (world.broker.disk === 'full') return null
    world.broker.disk = 'full'
    backstage.after(chance.below(5_000), 'log.disk', () => {
      world.broker.disk = 'free'
    })
    return 'for a while'
  },
  outage: ({ on, chance }) => {
    const { alive, backstage } = on
    if (on.outage !== null) return null
    const outage = { of: chance.pick(SERVERS), for: chance.below(2) === 0 || alive.length === 0 ? null : chance.pick(alive) }
    on.outage = outage
    backstage.after(chance.pick([500, 5_000, 60_000]), 'outage.over', () => {
      if (on.outage === outage) on.outage = null
    })
    return `${outage.of}* for ${outage.for ?? 'everyone'}`
  },
}
/** By the beginning of their points. */
const SERVERS = ['log.', 'cache.', 'tables.', 'registry.']
/** How many calls of an APPLY under way a stamp tells of; 0 for a clean one. */
const callOf = (stamp: string): number => {
  const parsed = stampOf(stamp)
  return parsed?.kind === 'dirty' ? parsed.call : 0
}
/** Whether a stamp is of a cache that follows its ledger, not of one that is empty or being filled anew. */
const isFollowed = (text: string | null): boolean => {
  const stamp = stampOf(text)
  return stamp !== null && (stamp.kind === 'clean' || stamp.from >= 0)
}
const stamped = (world: World): readonly string[] => world.cache.tasks.filter(task => world.cache.stamp(task) !== null)
