// Proves every sentence of lib/ports/record-log.ts on an adapter. Offsets may have gaps and reads may come without records: a real cluster does both.
import { describe } from 'node:test'
import { closingTests, reopeningTests } from './record-log/closing.ts'
import { deletionTests } from './record-log/deletion.ts'
import { fencingTests } from './record-log/fencing.ts'
import { groupTests } from './record-log/groups.ts'
import type { OpenedLog } from './record-log/opened-log.ts'
import { readingTests } from './record-log/reading.ts'
import { topicTests } from './record-log/topics.ts'
import { transactionTests } from './record-log/transactions.ts'

export type { OpenedLog }

/**
 * Registers the suite with node:test under `name`. `open` is called once per test; topics, groups and ids have names of their own, so that the
 * adapter may stand on one shared cluster.
 */
export function recordLogConformance(name: string, open: () => Promise<OpenedLog>): void {
  describe(`record log contract: ${name}`, () => {
    topicTests(open)
    transactionTests(open)
    fencingTests(open)
    readingTests(open)
    deletionTests(open)
    groupTests(open)
    closingTests(open)
    reopeningTests(open)
  })
}
