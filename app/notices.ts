// Where log lines go: to standard error as JSON, or, on a terminal that shows the status, into its list of last events.
import type { Notice } from '#lib/cli/live/status-view.ts'
import type { Screen } from '#lib/cli/text/screen.ts'
import type { Settings } from '#lib/config/settings.ts'
import { eventLogger, type Logger } from '#lib/observe/event-log.ts'
import type { Clock } from '#lib/ports/clock.ts'

const KEPT = 20

export interface Notices {
  readonly logger: Logger
  readonly list: () => readonly Notice[]
}

export function openNotices({ logLevel }: Settings, screen: Screen, status: 'shown' | 'none', clock: Clock): Notices {
  if (screen.kind === 'plain' || status === 'none') {
    return { logger: eventLogger(logLevel, clock, { write: text => screen.err(text) }), list: () => [] }
  }
  const notices: Notice[] = []
  const write = (text: string): void => {
    const { level, msg, time } = JSON.parse(text) as { level: string; msg: string; time: string }
    notices.push({ at: Date.parse(time), text: msg, tone: level === 'error' ? 'bad' : 'plain' })
    if (notices.length > KEPT) notices.shift()
  }
  return { logger: eventLogger(logLevel, clock, { write }), list: () => notices }
}
