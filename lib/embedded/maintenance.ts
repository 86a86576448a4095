// Retention and disk space of the embedded log, about once a minute.
import type { EmbeddedLog } from '../adapters/embedded/record-log.ts'
import { isMillraceError, MillraceError, messageOf } from '../model/errors.ts'
import type { Logger } from '../observe/event-log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Closing } from './closing.ts'

const EVERY_MS = 60_000

/** Until it is closed; what goes wrong is logged, and the next round goes on. */
export function maintain(closing: Closing, log: EmbeddedLog, clock: Clock, logger: Logger): void {
  const over = new AbortController()
  const rounds = (async () => {
    for (;;) {
      await clock.sleep(EVERY_MS, over.signal)
      if (over.signal.aborted) return
      await round(log, clock, logger)
    }
  })()
  closing.after(over, async o => {
    o.abort('over')
    await rounds
  })
}

async function round(log: EmbeddedLog, clock: Clock, logger: Logger): Promise<void> {
  try {
    const report = await log.maintain(clock.now())
    if (report.removedBytes > 0) logger.debug({ ...report }, `the log gave ${report.removedBytes} bytes of disk back`)
  } catch (error) {
    const { code, message } = isMillraceError(error) ? error : new MillraceError('INTERNAL', messageOf(error))
    logger.warn({ code }, `the log could not be tidied up: ${code}: ${message}`)
  }
}
