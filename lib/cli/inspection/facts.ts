// What an inspection stands on: the ports, the processors that are known, and the worker, if tasks live in this process.
import type { Ports } from '../../engine/environment.ts'
import type { Worker } from '../../engine/worker.ts'
import { didYouMean } from '../../config/nearest-word.ts'
import { MillraceError } from '../../model/errors.ts'
import type { TaskWords } from '../../ports/inspection.ts'
import type { Processor } from '../../stages/processor.ts'

export interface SystemFacts {
  readonly app: string
  readonly ports: Ports
  /** All processors that may have left something in this log, in the order of the data's way. */
  readonly processors: readonly Processor[]
  /** Null when the system is at rest. */
  readonly running: RunningFacts | null
}

export interface RunningFacts {
  readonly worker: Worker
  /** ms since epoch. */
  readonly startedAt: number
  readonly words: () => readonly TaskWords[]
}

/** @throws OPTION_INVALID naming the nearest one */
export function processorOf(processors: readonly Processor[], id: string): Processor {
  const found = processors.find(p => p.id === id)
  if (found !== undefined) return found
  const ids = processors.map(p => p.id)
  throw new MillraceError('OPTION_INVALID', `there is no processor '${id}'.${didYouMean(id, ids)} There are: ${ids.join(', ')}`)
}
