// The last epoch of a task, read from its ledger whatever stages it was made by. Nothing is fenced, written or loaded.
import type { RecordLog } from '../ports/record-log.ts'
import { LedgerFold, readLedger } from './fold.ts'
import type { Meta } from './ledger.ts'

/** The last meta below an offset; null when there is none. @throws DATA_LOSS, LEDGER_CORRUPT and what the log throws */
export async function lastMeta(log: RecordLog, ledger: string, partition: number, below: number): Promise<Meta | null> {
  const { start } = await log.bounds(ledger, partition)
  const fold = new LedgerFold(`${ledger}/${partition}`, [], start, () => ({ kind: 'unfit', why: [] }))
  const reader = await log.reader(ledger, partition, start)
  try {
    await readLedger(reader, start, below, fold)
  } finally {
    reader.close()
  }
  return fold.result().meta
}
