// What a task with windows behind windows must give, record by record: the oracle of a stage, chained.
import { Aligned } from './aligned.ts'
import { Sessions } from './sessions.ts'
import type { Cause, LateCall, Result, Timed, WindowStage, WindowWords } from './words.ts'

const stageOf = (words: WindowWords): WindowStage => (words.kind === 'session' ? new Sessions(words) : new Aligned(words))

/** Its time is where windows put it; stream time goes by its source's. */
export interface Arrival extends Timed {
  readonly sourceTime: number
  /** A refused record moves stream time and leaves no other trace; a fold can refuse only what comes to it. */
  readonly fate: 'taken' | 'refused' | 'refused by the fold'
}
/** What is done to a task. */
export type Deed = { readonly push: readonly Arrival[] } | { readonly drain: 'drain' }

export interface Outcome {
  readonly results: readonly Result[]
  readonly late: readonly LateCall[]
  readonly counts: { readonly records: number; readonly late: number; readonly refused: number }
}

/** @param turn most records of a turn; a push and a drain end with a turn's end */
export function outcomeOf(windows: readonly WindowWords[], deeds: readonly Deed[], turn: number): Outcome {
  const stages = windows.map(stageOf)
  const results: Result[] = []
  const late: LateCall[] = []
  const counts = { records: 0, late: 0, refused: 0 }
  let time = -Infinity

  const push = (i: number, record: Timed): void => {
    const taken = stages[i]!.take(record)
    if (taken.late !== null) late.push(taken.late)
    if (taken.late?.share === 'all') counts.late++
    for (const result of taken.results) on(i, result)
  }
  const on = (i: number, result: Result): void => {
    if (i === stages.length - 1) results.push(result)
    else push(i + 1, { key: result.key, at: result.at, weight: result.value?.sum ?? 0n })
  }
  const advance = (i: number, to: number, cause: Cause): void => {
    const stage = stages[i]
    if (stage === undefined) return
    for (const result of stage.advance(to, cause)) on(i, result)
    advance(i + 1, to - stage.lag, cause)
  }
  const turnEnd = (): void => {
    for (const [i, stage] of stages.entries()) for (const result of stage.turnEnd()) on(i, result)
  }

  for (const deed of deeds) {
    if ('drain' in deed) {
      for (let to = horizonOf(stages); to > time; to = horizonOf(stages)) advance(0, (time = to), 'drain')
      turnEnd()
      continue
    }
    for (const [i, record] of deed.push.entries()) {
      counts.records++
      const refused = record.fate === 'refused' || (record.fate === 'refused by the fold' && stages[0]!.looksAt(record) === 'counts')
      if (refused) counts.refused++
      else push(0, record)
      if (record.sourceTime > time) advance(0, (time = record.sourceTime), 'close')
      if ((i + 1) % turn === 0) turnEnd()
    }
    turnEnd()
  }
  return { results, late, counts }
}

/** Where stream time must be for everything to be closed. */
function horizonOf(stages: readonly WindowStage[]): number {
  let lag = 0
  let horizon = -Infinity
  for (const stage of stages) {
    horizon = Math.max(horizon, stage.horizon() + lag)
    lag += stage.lag
  }
  return horizon
}
