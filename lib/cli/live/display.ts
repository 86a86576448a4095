// Shows what goes on while something runs: drawn in place on a terminal, a line now and then elsewhere, or nothing.
import type { Clock } from '../../ports/clock.ts'
import { painter, type Screen } from '../text/screen.ts'
import { type Line, Region } from './region.ts'

/** What can be shown of one moment. */
export interface Moment {
  lines(columns: number): readonly Line[]
  line(): string
  /** A moment of another phase is shown at once where lines are printed. */
  readonly phase: string
}

export interface Display {
  /** Looks again and again until `end()`. A look that fails is left out: the display never disturbs what it shows. */
  begin(look: () => Promise<Moment>): void
  /** Looks no more. `picture` leaves what is drawn, `nothing` takes it away; printed lines stay. */
  end(leave: 'picture' | 'nothing'): Promise<void>
}

const DRAW_EVERY_MS = 500
const PRINT_EVERY_MS = 5_000
const LOOK_EVERY_MS = 500

export function openDisplay(kind: 'shown' | 'none', screen: Screen, clock: Clock): Display {
  if (kind === 'none') return { begin() {}, async end() {} }
  const over = new AbortController()
  const show = screen.kind === 'terminal' ? drawing(screen) : printing(screen, clock)
  let running: Promise<void> = Promise.resolve()
  return {
    begin(look) {
      running = (async () => {
        while (!over.signal.aborted) {
          await look().then(show.moment, () => {})
          await clock.sleep(screen.kind === 'terminal' ? DRAW_EVERY_MS : LOOK_EVERY_MS, over.signal)
        }
      })()
    },
    async end(leave) {
      over.abort()
      await running
      if (leave === 'nothing') show.clear()
    },
  }
}

interface Showing {
  moment(moment: Moment): void
  clear(): void
}

function drawing(screen: Screen): Showing {
  const region = new Region(screen, painter(screen.colours))
  return { moment: m => region.draw(m.lines(screen.size().columns)), clear: () => region.clear() }
}

function printing(screen: Screen, clock: Clock): Showing {
  let phase: string | null = null
  let printedAt = clock.now()
  return {
    moment(m) {
      const now = clock.now()
      phase ??= m.phase // what is over in a moment needs no line
      if (m.phase === phase && now < printedAt + PRINT_EVERY_MS && now >= printedAt) return
      phase = m.phase
      printedAt = now
      screen.out(`${m.line()}\n`)
    },
    clear() {},
  }
}
