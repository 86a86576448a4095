// Mutants of EPOCH (E1 … E5 of exactly-once.md §3) and of the snapshot, which is an epoch too.
import type { Mutant } from './mutant.ts'

const COMMIT = 'const { baseOffsets } = await session.producer.commit(epoch.transaction) // E4'

export const epoch: readonly Mutant[] = [
  {
    name: 'gap-taken',
    rule: 'E1',
    does: 'takes what was fetched although records before it were never seen',
    violates: ['I1', 'I3', 'I13', 'I14'],
    changes: [{ file: 'engine/input.ts', is: 'if (fetched.from > this.#fetchedTo) {', becomes: 'if (fetched.from < 0) {' }],
  },
  {
    name: 'seen-again',
    rule: 'E1',
    does: 'takes records again that it has taken before',
    violates: ['I1', 'I3', 'I13', 'I14'],
    changes: [
      {
        file: 'engine/input.ts',
        is: 'this.#index = this.#batches[0]?.indexOf(this.#fetchedTo) ?? 0',
        becomes: 'this.#index = this.#batches[0]?.indexOf(fetched.from) ?? 0',
      },
      { file: 'engine/input.ts', is: 'if (batch.indexOf(this.#fetchedTo) === batch.count) continue // seen before', becomes: '' },
    ],
  },
  {
    name: 'refused-leaves-traces',
    rule: 'E3',
    does: 'leaves in the state what a refused record did to it',
    violates: ['I3'],
    changes: [
      {
        file: 'engine/compute-slice.ts',
        is: `
      undo.restore()
      afterRecord.length = 0`,
        becomes: `
      undo.forget()
      afterRecord.length = 0`,
      },
    ],
  },
  {
    name: 'two-commits-in-flight',
    rule: 'E4',
    does: 'commits an epoch while the one before it is still being committed',
    violates: ['I8'],
    changes: [{ file: 'engine/turn.ts', is: 'await settle(session) // E4 of this epoch', becomes: '// E4 of this epoch' }],
  },
  {
    name: 'offsets-left-out',
    rule: 'E4',
    does: 'commits results and state without the offsets',
    violates: ['I2'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: COMMIT,
        becomes: 'const { baseOffsets } = await session.producer.commit({ writes: epoch.transaction.writes })',
      },
    ],
  },
  {
    name: 'offsets-apart',
    rule: 'E4',
    does: 'commits the offsets in a transaction of their own',
    violates: ['I2'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: COMMIT,
        becomes: `
  await session.producer.commit({ offsets: epoch.transaction.offsets!, writes: [] })
  const { baseOffsets } = await session.producer.commit({ writes: epoch.transaction.writes })`,
      },
    ],
  },
  {
    name: 'results-apart',
    rule: 'E4',
    does: 'commits the results in a transaction before that of state and offsets',
    violates: ['I2'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: COMMIT,
        becomes: `
  await session.producer.commit({ writes: epoch.transaction.writes.slice(0, -1) })
  const { baseOffsets } = await session.producer.commit({ ...epoch.transaction, writes: epoch.transaction.writes.slice(-1) })`,
      },
    ],
  },
  {
    name: 'meta-first',
    rule: 'E4',
    does: 'writes the meta before the deltas that it ends',
    violates: ['I2', 'I3', 'L2'],
    changes: [
      {
        file: 'engine/ledger.ts',
        is: `
  for (const block of blocks) builder.add(meta.ts, KEYS[meta.kind === 'snapshot' ? 'snapshot' : 'delta'], block)
  builder.add(meta.ts, KEYS.meta, Buffer.from(JSON.stringify(meta)))`,
        becomes: `
  builder.add(meta.ts, KEYS.meta, Buffer.from(JSON.stringify(meta)))
  for (const block of blocks) builder.add(meta.ts, KEYS[meta.kind === 'snapshot' ? 'snapshot' : 'delta'], block)`,
      },
    ],
  },
  {
    name: 'producer-used-again',
    rule: 'E4',
    does: 'sends the transaction again with the same producer when a commit failed',
    violates: ['I8'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: COMMIT,
        becomes: `
  const { baseOffsets } = await session.producer.commit(epoch.transaction).catch(() => session.producer.commit(epoch.transaction))`,
      },
    ],
  },
  {
    name: 'unknown-commit-repeated',
    rule: 'E4',
    does: 'sends a transaction of unknown outcome again with a new producer',
    violates: ['I1', 'I6'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: COMMIT,
        becomes: `
  const { baseOffsets } = await session.producer.commit(epoch.transaction).catch(async () => {
    const { app, plan } = facts.deployment
    session.producer = facts.ports.log.producer(\`\${app}.\${plan.processor}.\${facts.partition}\`)
    await session.producer.fence()
    return session.producer.commit(epoch.transaction)
  })`,
      },
    ],
  },
  {
    name: 'failed-commit-passed-over',
    rule: 'E4',
    does: 'goes on with the next epoch when a commit failed',
    violates: ['I1', 'I8'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: 'await committing session.committing = null',
        becomes: 'await committing.catch(() => {})\n  session.committing = null',
      },
    ],
  },
  {
    name: 'unseen-records-not-committed',
    rule: 'E5',
    does: 'commits nothing when only records that nobody sees lie between it and the end',
    violates: ['I12'],
    changes: [
      {
        file: 'engine/turn.ts',
        is: 'session.pipeline.outbox.empty && !positionsMoved)',
        becomes: 'session.pipeline.outbox.empty)',
      },
    ],
  },
  {
    name: 'snapshot-of-what-is-computed-ahead',
    rule: 'SNAPSHOT',
    does: 'takes a snapshot of a state that holds an epoch which is not committed',
    violates: ['I3'],
    changes: [
      { file: 'engine/turn.ts', is: 'if (snapshotDue(session)) { await settle(session) await snapshot(session) }', becomes: '' },
      {
        file: 'engine/turn.ts',
        is: 'const epoch = await seal(session, records, startedAt)',
        becomes: `
  if (snapshotDue(session)) {
    await settle(session)
    await snapshot(session)
  }
  const epoch = await seal(session, records, startedAt)`,
      },
    ],
  },
  {
    name: 'snapshot-without-the-oldest',
    rule: 'SNAPSHOT',
    does: 'leaves a live key out of a snapshot',
    violates: ['I3'],
    changes: [
      {
        file: 'state/keyed-store.ts',
        is: 'for (const entry of this.#entries.values()) if (entry.value !== undefined) this.#writeEntry(block, store, entry)',
        becomes:
          'for (const entry of [...this.#entries.values()].slice(1)) if (entry.value !== undefined) this.#writeEntry(block, store, entry)',
      },
    ],
  },
  {
    name: 'truncated-before-acknowledgement',
    rule: 'SNAPSHOT',
    does: 'deletes what a snapshot replaces before its commit is acknowledged',
    violates: ['L2', 'I3'],
    changes: [
      {
        file: 'engine/snapshot.ts',
        is: 'const { baseOffsets } = await session.producer.commit({ writes: [epochWrite(facts.ledger, facts.partition, blocks, meta)] })',
        becomes: `
  const { end } = await facts.ports.log.bounds(facts.ledger, facts.partition)
  await facts.ports.log.deleteRecords(facts.ledger, facts.partition, end)
  const { baseOffsets } = await session.producer.commit({ writes: [epochWrite(facts.ledger, facts.partition, blocks, meta)] })`,
      },
    ],
  },
]
