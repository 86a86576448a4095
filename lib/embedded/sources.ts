// The Observables that processors read, running.
import type { Ports } from '../engine/environment.ts'
import { TopicWriter } from '../engine/topic-writer.ts'
import { MillraceError } from '../model/errors.ts'
import { inputOf, sourcesOf } from '../model/plan.ts'
import type { TopicSpec } from '../model/topic.ts'
import type { Logger } from '../observe/event-log.ts'
import { Seldom } from '../observe/seldom.ts'
import { ObservablePump } from '../rx/observable-pump.ts'
import { observableOf, type ObservableSource } from '../stages/from-observable.ts'
import { planOfProcessor, type Processor } from '../stages/processor.ts'
import type { Closing } from './closing.ts'

export interface Sources {
  /** Everything that was emitted by now is committed. @throws what ended a source */
  flush(): Promise<void>
  /** Resolves with what ended the first source that did not complete. */
  readonly failed: Promise<MillraceError>
}

/** Subscribes to all of them; `closing` unsubscribes. @throws PLAN_INVALID */
export function openSources(
  closing: Closing,
  processors: readonly Processor[],
  { ports, app, partitions, logger }: { readonly ports: Ports; readonly app: string; readonly partitions: number; readonly logger: Logger },
): Sources {
  const seldom = new Seldom(ports.clock)
  const failed = Promise.withResolvers<MillraceError>()
  const pumps = sourcesIn(processors).map(source => {
    const { name } = source.topic
    const writer = closing.after(new TopicWriter(ports, { id: `${app}.${name}.source`, partitions }), w => w.close())
    const refused = ({ code, message }: MillraceError): void => {
      const count = seldom.due(`${name} ${code}`)
      if (count !== null)
        logger.warn(
          { topic: name, code, count },
          `${count} values of the Observable of '${name}' were left out, the last: ${code}: ${message}`,
        )
    }
    const pump = closing.after(new ObservablePump({ source, writer, clock: ports.clock, refused }), async p => {
      p.unsubscribe()
      writer.hurry() // it was promised to nobody, and a log that is away may stay away
      await p.flush().catch(() => {})
    })
    pump.ended.catch((error: MillraceError) => {
      logger.error({ topic: name, code: error.code }, `the Observable of '${name}' stopped: ${error.code}: ${error.message}`)
      failed.resolve(error)
    })
    return pump
  })
  for (const pump of pumps) pump.start()
  return {
    flush: async () => {
      for (const pump of pumps) await pump.flush()
    },
    failed: failed.promise,
  }
}

function sourcesIn(processors: readonly Processor[]): readonly ObservableSource[] {
  const found = new Map<string, ObservableSource>()
  for (const input of processors.flatMap(p => sourcesOf(planOfProcessor(p))).map(inputOf)) {
    const source = observableOf(input as TopicSpec)
    if (source === null) continue
    if ((found.get(input.name) ?? source) !== source)
      throw new MillraceError('PLAN_INVALID', `two Observables are to be the source '${input.name}': make it once, and read it twice`)
    found.set(input.name, source)
  }
  return [...found.values()]
}
