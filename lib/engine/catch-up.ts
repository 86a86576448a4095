// O3 and O4: the ledger is folded from its start to the barrier, and the cache is brought up to it on the way.
import { MillraceError } from '../model/errors.ts'
import { Apply } from './apply.ts'
import type { Pipeline } from './pipeline.ts'
import { type Folded, LedgerFold, readLedger } from './fold.ts'
import { ledgerRecord, type Meta } from './ledger.ts'
import { fittingsOf } from './fitting.ts'
import { trim } from './residency.ts'
import type { TaskFacts } from './session.ts'
import { stampOf } from './stamp.ts'

export interface CaughtUp {
  readonly folded: Folded
  /** What the cache carries now. */
  readonly stamp: string | null
  readonly ledgerId: string
}

/** Blocks between two breaths: some ten thousand entries when they are full. */
const BREATH = 4

/** @throws CACHE_MISMATCH, OFFSET_OUT_OF_RANGE: begin again; what the fold throws */
export async function catchUp(facts: TaskFacts, pipeline: Pipeline, barrier: number): Promise<CaughtUp> {
  const { ports, ledger, partition, tuning, deployment } = facts
  const { log, cache, random } = ports
  const task = taskName(facts)
  const { start } = await log.bounds(ledger, partition)
  const found = await reflected(facts, start, barrier)
  const nonce = random.uuid()
  const apply = new Apply(cache, task, {
    ledgerId: found.ledgerId ?? nonce,
    nonce,
    from: found.from,
    to: barrier,
    expect: found.ledgerId === null ? null : found.stamp,
    mode: found.ledgerId === null ? 'replace' : 'changes',
    callEntries: tuning.applyEntries,
  })
  const fold = new LedgerFold(`${ledger}/${partition}`, pipeline.stores, start, fittingsOf(deployment.plan, deployment.options.migrate), {
    from: found.from,
    who: apply,
  })
  const reader = await log.reader(ledger, partition, start)
  try {
    let blocks = 0
    const between = async (): Promise<void> => {
      await apply.flush()
      if (++blocks % BREATH === 0) await ports.clock.breathe() // a million entries must not hold up the process's other tasks
      if (!fold.migrates) trim(pipeline.bounded, tuning.residentEntries)
    }
    await readLedger(reader, start, barrier, fold, { bytes: tuning.ledgerReadBytes, between })
  } finally {
    reader.close()
  }
  const folded = fold.result()
  if (folded.fitting.kind === 'unfit')
    throw new MillraceError(
      'STATE_INCOMPATIBLE',
      `the stored state of '${deployment.plan.processor}' does not fit: ${folded.fitting.why.join('; ')}. \`millrace reset ${deployment.plan.processor}\` forgets it`,
    )
  if (folded.meta === null) return { folded, stamp: null, ledgerId: random.uuid() }
  const { ledgerId, liveKeys } = folded.meta
  for (const { store } of pipeline.bounded) {
    if (store.evicted === 0) continue
    store.loaded(liveKeys[store.name] ?? 0)
    if (store.evicted < 0)
      throw new MillraceError('LEDGER_CORRUPT', `${ledger}/${partition} holds more entries of '${store.name}' than its last meta counts`)
  }
  const stamp = found.at === folded.at ? found.stamp : await apply.finish(ledgerId, folded.at)
  return { folded, stamp, ledgerId }
}

export const taskName = ({ deployment, partition }: TaskFacts): string => `${deployment.app}.${deployment.plan.processor}.${partition}`

interface Reflected {
  readonly stamp: string | null
  /** Null: nothing that could be used; the cache is empty now. */
  readonly ledgerId: string | null
  /** From which meta on the ledger has to be told to the cache; −1: from its start. */
  readonly from: number
  /** The meta that the cache reflects as it is; null when it is half way between two, or nothing. */
  readonly at: number | null
}

/** What the cache's stamp is good for: a meta of this ledger that it equals, or from which a broken APPLY began. Anything else is wiped. */
async function reflected(facts: TaskFacts, start: number, barrier: number): Promise<Reflected> {
  const { cache } = facts.ports
  const { stamp, counts } = await cache.counts(taskName(facts))
  const parsed = stampOf(stamp)
  const from = parsed === null ? -1 : parsed.kind === 'clean' ? parsed.at : parsed.from
  if (parsed !== null && from >= start && from < barrier && (parsed.kind === 'clean' || parsed.to < barrier)) {
    const meta = await metaAt(facts, from)
    if (meta?.ledgerId === parsed.ledgerId && (parsed.kind === 'dirty' || sameCounts(counts, meta.liveKeys)))
      return { stamp, ledgerId: parsed.ledgerId, from, at: parsed.kind === 'clean' ? from : null }
  }
  if (stamp !== null && (await cache.wipe(taskName(facts), stamp)) === 'mismatch')
    throw new MillraceError('CACHE_MISMATCH', `the cache of ${taskName(facts)} changed while it was read`)
  return { stamp: null, ledgerId: null, from: -1, at: null }
}

/** The meta at an offset of the ledger; null when something else stands there. */
async function metaAt({ ports: { log }, ledger, partition }: TaskFacts, offset: number): Promise<Meta | null> {
  const reader = await log.reader(ledger, partition, offset)
  try {
    const { batches } = await reader.fetch(1)
    for (const batch of batches) {
      const i = batch.indexOf(offset)
      if (i === batch.count || batch.offset(i) !== offset) continue
      const record = ledgerRecord(batch, i)
      return record.kind === 'meta' ? record.meta : null
    }
    return null
  } finally {
    reader.close()
  }
}

const sameCounts = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every(store => (a[store] ?? 0) === (b[store] ?? 0))
