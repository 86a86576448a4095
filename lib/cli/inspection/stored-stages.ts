// What the ledgers of a processor say of the stages that wrote them.
import { lastMeta } from '../../engine/last-meta.ts'
import { ledgerTopic } from '../../engine/ledger.ts'
import type { StoredStages } from '../../ports/inspection.ts'
import { processorOf, type SystemFacts } from './facts.ts'

/** @throws OPTION_INVALID, DATA_LOSS, LEDGER_CORRUPT */
export async function storedStages({ app, ports: { log }, processors }: SystemFacts, processor: string): Promise<readonly StoredStages[]> {
  const ledger = ledgerTopic(app, processorOf(processors, processor).id)
  const settings = await log.topic(ledger)
  const stored: StoredStages[] = []
  for (let partition = 0; partition < (settings?.partitions ?? 0); partition++) {
    const { stable } = await log.bounds(ledger, partition)
    const meta = await lastMeta(log, ledger, partition, stable)
    if (meta !== null) stored.push({ partition, epoch: meta.epoch, stages: meta.stages, entries: meta.liveKeys })
  }
  return stored
}
