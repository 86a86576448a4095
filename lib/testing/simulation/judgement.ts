// Which faults can strike at a draw, and which one the dice choose.
import type { CallFault, FaultRates } from './faults.ts'
import type { Pending, Stage } from './pending.ts'
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

/** One throw for all kinds. */
export function diceAt(pending: Pending, rates: FaultRates, random: SeededRandom): CallFault | null {
  let x = random.next()
  for (const kind of possibleAt(pending)) if ((x -= rates[kind]) < 0) return kind
  return null
}
