// Events as log lines: failures always, late and refused records at most once a minute of each kind.
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Clock } from '../ports/clock.ts'
import type { Observer } from '../ports/observer.ts'
import { Seldom } from './seldom.ts'

export type { Logger }

/** A logger of JSON lines; times are ISO 8601 in UTC. Secrets are not logged anywhere; as a second line of defence these names are cut out. */
export function eventLogger(level: string, clock: Clock, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
      redact: { paths: ['password', 'token', 'secret', '*.password', '*.token', '*.secret'], remove: true },
    },
    destination,
  )
}

/** Tells a logger what tasks tell. */
export function loggingObserver(logger: Logger, clock: Clock): Observer {
  const seldom = new Seldom(clock)
  return {
    state: (task, state) => logger.debug({ ...task, state }, `${task.processor}/${task.partition} is ${state}`),
    epoch() {},
    failure: (task, { code, message, where, retryInMs }) => {
      const what = { ...task, ...where, code, retryInMs }
      if (retryInMs === null) logger.error(what, `${task.processor}/${task.partition} stopped: ${code}: ${message}`)
      else logger.warn(what, `${task.processor}/${task.partition} tries again in ${retryInMs} ms: ${code}: ${message}`)
    },
    refused: (task, { code, message, where }) => {
      const count = seldom.due(`refused ${task.processor} ${code}`)
      if (count === null) return
      const what = { ...task, ...where, code, count }
      logger.warn(
        what,
        count === 1
          ? `dead letter of ${task.processor}: ${code}: ${message}`
          : `${count} dead letters of ${task.processor} since the last line, the last: ${code}: ${message}`,
      )
    },
    late: (task, { window, windows, lateByMs }) => {
      const count = seldom.due(`late ${task.processor} ${window}`, windows)
      if (count === null) return
      const by = `${Math.ceil(lateByMs / 1_000)} s`
      const text =
        count === 1
          ? `a record missed a window of '${window}' by ${by}`
          : `${count} windows of '${window}' were missed by late records, the last by ${by}`
      logger.info({ ...task, window, count, lateByMs }, `${task.processor}: ${text}`)
    },
  }
}
