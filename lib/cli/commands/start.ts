// `millrace start`: runs a system and shows how it does, until it is told to stop.
import type { Clock } from '../../ports/clock.ts'
import type { Inspection, SystemStatus } from '../../ports/inspection.ts'
import { openDisplay } from '../live/display.ts'
import { overview, totals } from '../live/overview.ts'
import { type Notice, type Picture, statusLine, statusLines } from '../live/status-view.ts'
import { type TablesQuestions, TablesWatch } from '../live/tables-watch.ts'
import type { OpenSystem, RunningSystem } from '../running.ts'
import { span } from '../text/figures.ts'
import type { Screen } from '../text/screen.ts'

export interface StartOrder {
  readonly title: string
  /** As shown. */
  readonly directory: string
  readonly status: 'shown' | 'none'
  readonly tables: TablesQuestions
  readonly hints: readonly string[]
  /** The command that goes on where this one stopped. */
  readonly again: string
}

export interface StartWiring {
  readonly open: OpenSystem
  readonly screen: Screen
  readonly clock: Clock
  /** Aborted when the user wants it to stop. */
  readonly stop: AbortSignal
  readonly notices: () => readonly Notice[]
}

/** @throws what keeps the system from opening, or stopped a task for good */
export async function start(order: StartOrder, wiring: StartWiring): Promise<number> {
  const { screen, clock, stop } = wiring
  const startedAt = clock.now()
  const display = openDisplay(order.status, screen, clock)
  /** What is being done; empty when it is only running. */
  let phase = 'starting'
  let system: RunningSystem | null = null
  let inspection: Inspection | null = null
  let tables: TablesWatch | null = null
  display.begin(async () => {
    const status = inspection === null ? null : await inspection.status()
    const now = clock.now()
    const picture: Picture = {
      ...order,
      now,
      startedAt,
      phase: status === null || phase !== '' ? phase : livePhase(status, now),
      status,
      tables: tables?.picture ?? null,
      latestTitle: order.tables.latest?.title ?? null,
      notices: wiring.notices(),
      hints: system === null || phase === 'stopping' ? [] : order.hints,
    }
    return { phase: picture.phase, lines: columns => statusLines(picture, columns), line: () => statusLine(picture) }
  })
  try {
    system = await wiring.open({
      phase: text => {
        phase = text
      },
      running: early => {
        inspection = early.inspection
      },
    })
    phase = ''
    tables = new TablesWatch(system.inspection, clock, order.tables)
    const failure = await Promise.race([system.failed(), aborted(stop)])
    if (failure !== null) throw failure
  } finally {
    phase = 'stopping'
    await system?.stop()
    await display.end('picture')
  }
  if (order.status === 'shown')
    screen.out(
      `stopped, after it ran for ${span(clock.now() - startedAt)}; everything is kept in ${order.directory}, \`${order.again}\` goes on from there\n`,
    )
  return 0
}

/** Behind by more than this, a system is catching up. */
const LIVE_WITHIN_MS = 60_000
const LIVE_WITHIN_RECORDS = 5_000

/** Whether it follows what happens now, or is still reading what happened before. */
export function livePhase(status: SystemStatus, now: number): string {
  if (status.tasks.length === 0) return 'starting'
  const rows = overview(status)
  const { lag } = totals(rows)
  const behind = rows.filter(r => r.lag === null && r.streamTime !== null).map(r => now - r.streamTime!)
  const most = Math.max(0, ...behind)
  const busy = rows.some(r => r.lag === null && r.perSecond > 0)
  if (rows.some(r => r.troubled.length > 0)) return 'in trouble'
  if (busy && most > LIVE_WITHIN_MS) return `catching up, ${span(most)} behind`
  return lag > LIVE_WITHIN_RECORDS ? 'catching up' : 'live'
}

export const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise(resolve => {
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', () => resolve(null), { once: true })
  })
