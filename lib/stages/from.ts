import type { Flow, SourceSpec } from '../model/stage.ts'
import { planNode } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import type { Source } from '../model/topic.ts'
import type { OpenSpec } from './context.ts'
import { asFlow, FlowNode } from './flow.ts'

/** The node that reads a source. */
export const sourceNode = (of: Source<never, unknown>, source: Omit<SourceSpec, 'of'>): FlowNode => {
  const spec: OpenSpec = {
    step: 'from',
    tuning: { topic: of.from },
    reads: { by: [], passes: 'same' },
    source: { of, ...source },
    open: (_context, down) => down,
  }
  return new FlowNode(planNode(spec, []))
}

/**
 * Reads a topic or feed, keyed by its declared key (S1.4).
 * @param o `start`: where a processor without a position begins (default 'earliest'); `idle`: how long this input may be silent before it
 * no longer holds stream time back (S2.3; default: the processor's `idleAfter`)
 */
export function from<T, K>(
  source: Source<T, K>,
  o: { start?: 'earliest' | 'latest' | { readonly at: Date }; idle?: Duration | 'never' } = {},
): Flow<T, K> {
  return asFlow(sourceNode(source as Source<never, unknown>, { start: o.start ?? 'earliest', idleMs: o.idle ?? null }))
}
