// `millrace run`: processors on what is there, or real files driven through a system.
import type { Clock } from '../../ports/clock.ts'
import { openDisplay } from '../live/display.ts'
import { overview, totals } from '../live/overview.ts'
import { type Progress, progressLine, progressWords } from '../live/progress-view.ts'
import { EMPTY, line } from '../live/region.ts'
import { processorLines, troubleWords } from '../live/status-view.ts'
import { type SummaryRow, summaryText } from '../live/summary.ts'
import type { OpenSystem, RunningSystem } from '../running.ts'
import { span } from '../text/figures.ts'
import type { Screen } from '../text/screen.ts'
import { aborted } from './start.ts'

export interface RunOrder {
  readonly title: string
  /** 'drain': ends when everything is read, closed and loaded; 'live': goes on until it is stopped. */
  readonly until: 'drain' | 'live'
  readonly status: 'shown' | 'none'
}

export interface RunWiring {
  readonly open: OpenSystem
  readonly screen: Screen
  readonly clock: Clock
  /** Aborted when the user wants it to stop. */
  readonly stop: AbortSignal
  /** What was made, from durable counts. */
  readonly summary: (system: RunningSystem) => Promise<readonly SummaryRow[]>
}

/** What a shell reads as "ended by Ctrl-C". */
const INTERRUPTED = 130

/** @returns 0, or 130 when a drain was interrupted. @throws what keeps the system from opening, or stopped a task for good */
export async function run(order: RunOrder, wiring: RunWiring): Promise<number> {
  const { screen, clock, stop, summary } = wiring
  const startedAt = clock.now()
  const display = openDisplay(order.status, screen, clock)
  /** What is being done; empty when it is only running. */
  let phase = 'starting'
  let early: Pick<RunningSystem, 'inspection' | 'read'> | null = null
  let system: RunningSystem | null = null
  display.begin(async () => {
    const now = clock.now()
    if (early === null) return plainMoment(`${order.title}  ${phase}`)
    const rows = overview(await early.inspection.status())
    const read = early.read()
    const progress: Progress = {
      share: read?.share ?? null,
      rows: read?.rows ?? rows.reduce((n, r) => n + r.records, 0),
      readHere: read === null ? 0 : read.rows - read.rowsBefore,
      behind: totals(rows).lag,
      elapsedMs: now - startedAt,
    }
    const trouble = troubleWords(rows)
    const title = phase === '' ? order.title : `${order.title}  ${phase}`
    return {
      phase: trouble.length === 0 ? phase : 'in trouble',
      lines: () => [line(title, 'strong'), line(progressLine(progress)), EMPTY, ...processorLines(rows, now)],
      line: () => [progressWords(progress), ...(phase === '' ? [] : [phase]), ...trouble].join('  '),
    }
  })
  let ended: 'drained' | 'stopped' = 'stopped'
  let made: readonly SummaryRow[] = []
  let news = ''
  try {
    system = await wiring.open({
      phase: text => {
        phase = text
      },
      running: running => {
        early = running
      },
    })
    phase = ''
    const goal = order.until === 'drain' ? system.drain().then(() => 'drained' as const) : new Promise<never>(() => {})
    const outcome = await Promise.race([goal, system.failed(), aborted(stop)])
    if (outcome !== null && outcome !== 'drained') throw outcome
    if (outcome === 'drained') ended = 'drained'
    if (!stop.aborted) made = await summary(system)
    const read = system.read()
    if (ended === 'drained' && read !== null && read.rows === read.rowsBefore)
      news = read.rows === 0 ? 'there are no rows in the files\n' : 'nothing new: all of it was read before, and nothing was done twice\n'
  } finally {
    phase = 'stopping'
    await system?.stop()
    await display.end('nothing')
  }
  const seconds = span(clock.now() - startedAt)
  if (made.length > 0) screen.out(`${summaryText(`${order.title}, ${seconds}`, made)}${news === '' ? '' : `\n${news}`}`)
  if (ended === 'drained') return 0
  if (order.status === 'shown') screen.out(`stopped, after it ran for ${seconds}; nothing is lost: the same command goes on from there\n`)
  return order.until === 'drain' ? INTERRUPTED : 0
}

const plainMoment = (text: string) => ({ phase: text, lines: () => [line(text, 'strong')], line: () => text })
