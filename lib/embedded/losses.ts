// Whether what lies in a data directory fits together. Looked at before anything runs: what runs would soon cover the traces, as a log that was lost and
// fills again comes to hold the offsets that the tables believe to have loaded.
import { join } from 'node:path'
import { isThere } from '../adapters/postgres/pglite-directory.ts'
import { codecSpecOf } from '../model/codec.ts'
import { MillraceError } from '../model/errors.ts'
import { inputOf, type Plan, sourcesOf, topicsOf } from '../model/plan.ts'
import type { RecordLog } from '../ports/record-log.ts'
import type { Registry } from '../ports/registry.ts'
import type { Tables } from '../ports/tables.ts'
import type { DirectoryFacts } from './directory.ts'

/** Whether the directory holds tables from an earlier run. */
export const holdsTables = (directory: string): boolean => isThere(join(directory, 'tables'))

/** Schemas are registered before the first record is written with them: records without are records that nobody can read. @throws DATA_LOSS */
export async function checkSchemas(directory: string, log: RecordLog, registry: Registry, plans: readonly Plan[]): Promise<void> {
  const subjects = new Set(await registry.subjects())
  const partitions = await partitionsIn(log)
  for (const { topic } of plans.flatMap(topicsOf)) {
    if (codecSpecOf(topic.value).codec !== 'avro' || subjects.has(`${topic.name}-value`)) continue
    for (let p = 0; p < (partitions.get(topic.name) ?? 0); p++) {
      const { start, end } = await log.bounds(topic.name, p)
      if (end > start)
        throw new MillraceError(
          'DATA_LOSS',
          `${topic.name} holds records, but the schemas they were written with are not in ${join(directory, 'registry.json')}; ` +
            'restore it from a copy, or start with a new data directory',
          { where: { topic: topic.name, partition: p } },
        )
    }
  }
}

/** Tables follow the log and are never ahead of it. @throws DATA_LOSS */
export async function checkLoaded(
  directory: string,
  log: RecordLog,
  tables: Tables,
  sinks: readonly Plan[],
  facts: Pick<DirectoryFacts, 'partitions'>,
): Promise<void> {
  const partitions = await partitionsIn(log)
  for (const plan of sinks)
    for (const { name, ...spec } of sourcesOf(plan).map(inputOf)) {
      if (spec.kind !== 'topic') continue
      const there = partitions.get(name) ?? 0
      for (let p = 0; p < Math.max(there, spec.partitions ?? facts.partitions); p++) {
        const { start, end } = p < there ? await log.bounds(name, p) : { start: 0, end: 0 }
        const position = await tables.position(plan.processor, name, p, start)
        if (position > end)
          throw new MillraceError(
            'DATA_LOSS',
            `'${plan.processor}' has loaded ${name}/${p} up to offset ${position}, but the log ends at ${end}: it was cut off or replaced. ` +
              `Restore ${join(directory, 'log')}, or remove ${join(directory, 'tables')}: they are loaded again from what the log holds`,
            { where: { topic: name, partition: p, offset: position } },
          )
      }
    }
}

const partitionsIn = async (log: RecordLog): Promise<ReadonlyMap<string, number>> =>
  new Map((await log.topics()).map(({ name, partitions }) => [name, partitions]))
