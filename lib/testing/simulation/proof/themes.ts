// What goes wrong in a seed most of all. Where everything goes wrong little is done: idleness, snapshots and reads need some rest between two disturbances.
import type { FaultRates } from '../faults.ts'

const THEMES_BY_NAME = {
  everything: { processes: 0.7, network: 0.7, cache: 0.7 },
  processes: { processes: 1.5, network: 0.2, cache: 0.2 },
  network: { processes: 0.2, network: 1.5, cache: 0.2 },
  cache: { processes: 0.1, network: 0.1, cache: 1.5 },
  little: { processes: 0.1, network: 0.1, cache: 0.1 },
}
type Theme = keyof typeof THEMES_BY_NAME
export const THEMES = Object.keys(THEMES_BY_NAME) as readonly Theme[]

/** As often in every theme: they matter when what comes after them succeeds. */
const ALWAYS: ReadonlySet<string> = new Set(['hurry', 'leader move', 'wrong fetch', 'short fetch', 'group offsets lost'])
const PROCESSES: ReadonlySet<string> = new Set(['kill', 'pause', 'member evicted', 'clock jump', 'slow turn'])

export function themed(rates: FaultRates, theme: Theme): FaultRates {
  const scales = THEMES_BY_NAME[theme]
  const scaleOf = (kind: string): number =>
    ALWAYS.has(kind) ? 1 : kind.startsWith('cache') ? scales.cache : PROCESSES.has(kind) ? scales.processes : scales.network
  return Object.freeze(
    Object.fromEntries(Object.entries(rates).map(([kind, rate]) => [kind, rate * scaleOf(kind)])),
  ) as unknown as FaultRates
}
