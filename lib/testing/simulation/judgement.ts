// Which faults can strike at a draw, which one the dice choose, and what it does.
import type { CallFault } from './faults.ts'
import type { Pending, Stage, Waiting } from './pending.ts'
import type { Process } from './process.ts'
import type { SeededRandom } from './random.ts'

/** What was drawn, before anything is done with it. */
export interface DrawPoint {
  readonly draw: number
  readonly stage: Stage
  /** Constant name of the call, e.g. `log.append`. */
  readonly point: string
  /** Whose it is; null: a server's own, or a request whose sender is gone. */
  readonly process: Process | null
  /** The faults that can strike here. */
  readonly possible: readonly CallFault[]
}

const SERVER: readonly CallFault[] = ['delay']
const CLIENT: readonly CallFault[] = ['kill', 'pause', 'delay']
const REQUEST: readonly CallFault[] = [...CLIENT, 'request lost', 'lands late']
const REPLY: readonly CallFault[] = [...CLIENT, 'reply lost']

export function possibleAt({ client, broken, stage }: Pending): readonly CallFault[] {
  if (client === null) return SERVER
  return broken === null ? CLIENT : stage === 'request' ? REQUEST : REPLY
}

/** Most draws are at some points and few at others; faults are to strike at all of them. */
const WEIGHTS: Readonly<Record<string, number>> = {
  'log.fetch': 0.4,
  'log.arrived': 0.4,
  'feed.fetch': 0.4,
  'clock.sleep': 0.4,
  'clock.breathe': 0.4,
  'log.deleteRecords': 5,
  'cache.wipe': 30,
  'cache.apply': 3,
  'tables.position': 4,
  'tables.fence': 4,
  'tables.write': 4,
  'tables.commit': 4,
}
/** By how much the rates of faults are scaled at a point. */
export const weightAt = ({ point }: Pending): number => WEIGHTS[point] ?? 1.6

/** A server that nobody, or one process, can reach. */
export interface Outage {
  /** Beginning of the points that fail, e.g. `cache.` */
  readonly of: string
  /** Null: for everyone. */
  readonly for: Process | null
}
export const isCutOff = ({ stage, broken, point, client }: Pending, outage: Outage): boolean =>
  stage === 'request' && broken !== null && client !== null && point.startsWith(outage.of) && (outage.for ?? client) === client

/** Does to what was drawn, which is no longer on the list, what the fault says. */
export function strike(fault: CallFault, pending: Pending, waiting: Waiting, draw: number, chance: SeededRandom): void {
  const { client, broken } = pending
  const delay = (late: Pending): void => {
    const long = chance.below(6) === 0 ? 1_000 : 100
    waiting.hold(late, draw + chance.between(10, long))
  }
  switch (fault) {
    case 'kill':
      waiting.ready.push(pending)
      client!.kill()
      break
    case 'pause':
      waiting.ready.push(pending)
      client!.pausedUntil = draw + chance.between(20, 200)
      break
    case 'delay':
      delay(pending)
      break
    case 'lands late':
      delay(pending.orphan())
      pending.fail(broken!('no reply came in time'))
      waiting.ready.push(pending)
      break
    case 'request lost':
      pending.fail(broken!('the request was lost'))
      waiting.ready.push(pending)
      break
    case 'reply lost':
      pending.fail(broken!('the reply was lost'))
      pending.settle()
  }
}
