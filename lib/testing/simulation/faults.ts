// What can go wrong, how often, and a count of what did.
import type { SeededRandom } from './random.ts'

/** At one draw, to the call or the process that was drawn. */
export type CallFault =
  /** The process dies here; requests on their way may still arrive. */
  | 'kill'
  /** The process stands still (SIGSTOP, a blocked event loop), then goes on as if nothing had happened. */
  | 'pause'
  /** What was drawn goes back for a long time. */
  | 'delay'
  /** No effect; the caller sees an error. */
  | 'request lost'
  /** The caller sees an error, the request arrives later. */
  | 'lands late'
  /** The effect happened; the caller sees an error. */
  | 'reply lost'

/** To the world, between two draws. */
export const WORLD_FAULTS = [
  /** The cache of one task, or all of it, is what it was some calls ago. */
  'cache rolled back',
  /** The cache of a task in the middle of an APPLY has lost that APPLY's last calls. */
  'cache lost its tail',
  'cache lost',
  /** The cache of a task is one that another ledger of the same name had: a system was made anew, its cache was not. */
  'cache of another ledger',
  /** The cache of a task that nobody has open has lost an entry. */
  'cache entry lost',
  /** A group's offsets are gone, as after a long rest. */
  'group offsets lost',
  /** A process's wall clock jumps by up to an hour, either way, or stands still for a while. */
  'clock jump',
  /** Just after something was committed a new leader does not know yet how far. */
  'leader move',
  /** A group gives a live member's partitions to others. */
  'member evicted',
  /** Commits, new topics and deletions are refused for a while. */
  'disk full',
  /** Nobody, or one process, reaches the log, the cache, the tables or the registry for up to a minute. */
  'outage',
] as const
export type WorldFault = (typeof WORLD_FAULTS)[number]

export type Fault = CallFault | WorldFault

/** Probabilities: of call faults per draw of such a call (less at points that are drawn all the time, more at rare ones), of world faults per draw. */
export type FaultRates = Readonly<Record<Fault, number>> & {
  /** That a fetch gives only a part of what is there. */
  readonly 'short fetch': number
  /** That a fetch jumps ahead of the position, or begins again before it: what E1 is for. */
  readonly 'wrong fetch': number
  /** That looking at the clock shows that up to 200 ms have passed: a slow turn. */
  readonly 'slow turn': number
  /** That a sleep of a second ends although there is other work; longer ones rarer in proportion. 0: time jumps only when nothing else is left. */
  readonly hurry: number
}

export const CALM: FaultRates = Object.freeze({
  kill: 0,
  pause: 0,
  delay: 0,
  'request lost': 0,
  'lands late': 0,
  'reply lost': 0,
  'cache rolled back': 0,
  'cache lost its tail': 0,
  'cache lost': 0,
  'cache of another ledger': 0,
  'cache entry lost': 0,
  'group offsets lost': 0,
  'clock jump': 0,
  'leader move': 0,
  'member evicted': 0,
  'disk full': 0,
  outage: 0,
  'short fetch': 0,
  'wrong fetch': 0,
  'slow turn': 0,
  hurry: 0,
})

/** Faults that any system bears which keeps the ports' contracts, all at once, as often as a run of some hundred draws bears. */
export const CHAOS: FaultRates = Object.freeze({
  kill: 0.004,
  pause: 0.004,
  delay: 0.03,
  'request lost': 0.008,
  'lands late': 0.012,
  'reply lost': 0.012,
  'cache rolled back': 0.05,
  'cache lost its tail': 0,
  'cache lost': 0.002,
  'cache of another ledger': 0,
  'cache entry lost': 0,
  'group offsets lost': 0,
  'clock jump': 0.003,
  'leader move': 0.15,
  'member evicted': 0.003,
  'disk full': 0.001,
  outage: 0.002,
  'short fetch': 0.3,
  'wrong fetch': 0,
  'slow turn': 0.02,
  hurry: 0.05,
})

/** And those that this engine promises to bear besides. */
export const HAVOC: FaultRates = Object.freeze({
  ...CHAOS,
  'cache lost its tail': 0.015,
  'cache of another ledger': 0.004,
  'cache entry lost': 0.01,
  'group offsets lost': 0.001,
  'wrong fetch': 0.06,
})

/** Rates for one seed: each kind absent, as given, or three times as often. Runs that differ in kind find more than runs that are all alike. */
export function swarm(random: SeededRandom, rates: FaultRates = CHAOS): FaultRates {
  const scaled = Object.entries(rates).map(([kind, rate]) => [kind, rate * random.pick([0, 1, 1, 1, 3])] as const)
  return Object.freeze(Object.fromEntries(scaled)) as unknown as FaultRates
}

/** How often something happened, by its sentence: a fault that never fires is a defect of the simulation. */
export class Tally {
  readonly counts = new Map<string, number>()
  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }
  of(what: string): number {
    return this.counts.get(what) ?? 0
  }
}
