// What goes wrong in a seed most of all. Where everything goes wrong little is done: snapshots, idleness and reads need some rest between two disturbances.
import type { FaultRates } from '../faults.ts'

type Group = 'processes' | 'network' | 'cache' | 'fallback'
const THEMES_BY_NAME = {
  everything: { processes: 0.7, network: 0.7, cache: 0.7, fallback: 0.7 },
  processes: { processes: 1.5, network: 0.2, cache: 0.2, fallback: 0.2 },
  network: { processes: 0.2, network: 1.5, cache: 0.2, fallback: 0.2 },
  cache: { processes: 0.1, network: 0.1, cache: 1.5, fallback: 1 },
  /** A task that has almost nothing in memory, over a cache that falls back. */
  memory: { processes: 0.05, network: 0.05, cache: 0, fallback: 2 },
  /** Sources rest, and are idle. */
  idleness: { processes: 0.05, network: 0.05, cache: 0.1, fallback: 0.1 },
} satisfies Readonly<Record<string, Readonly<Record<Group, number>>>>

export type Theme = keyof typeof THEMES_BY_NAME
/** What a seed picks from: memory more often, for stale answers are seldom asked for and seldom wrong. */
export const THEMES: readonly Theme[] = ['everything', 'processes', 'network', 'cache', 'memory', 'memory', 'idleness']

/** As often in every theme: they matter when what comes after them succeeds. */
const ALWAYS: ReadonlySet<string> = new Set(['hurry', 'leader move', 'wrong fetch', 'short fetch', 'group offsets lost'])
const PROCESSES: ReadonlySet<string> = new Set(['kill', 'pause', 'member evicted', 'clock jump', 'slow turn'])
const groupOf = (kind: string): Group =>
  kind === 'cache rolled back' ? 'fallback' : kind.startsWith('cache') ? 'cache' : PROCESSES.has(kind) ? 'processes' : 'network'

export function themed(rates: FaultRates, theme: Theme): FaultRates {
  const scaleOf = (kind: string): number => (ALWAYS.has(kind) ? 1 : THEMES_BY_NAME[theme][groupOf(kind)])
  return Object.freeze(
    Object.fromEntries(Object.entries(rates).map(([kind, rate]) => [kind, rate * scaleOf(kind)])),
  ) as unknown as FaultRates
}
