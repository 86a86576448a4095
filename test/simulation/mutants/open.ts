// Mutants of OPEN (O1 … O6 of exactly-once.md §2).
import type { Mutant } from './mutant.ts'

const OPENING = `
    await producer.fence() // O1
    const { baseOffsets } = await producer.commit({ writes: [barrierWrite(ledger, partition, ports.clock.now(), own)] }) // O2
    past.opened = 'before'
    return await caughtUp(facts, producer, baseOffsets[0]!, own)`

export const open: readonly Mutant[] = [
  {
    name: 'read-before-fence',
    rule: 'O1',
    does: 'reads position and state first, then fences and commits the barrier',
    violates: ['I5'],
    changes: [
      {
        file: 'engine/open.ts',
        is: OPENING,
        becomes: `
    const { stable } = await ports.log.bounds(ledger, partition)
    const session = await caughtUp(facts, producer, stable, own)
    await producer.fence()
    await producer.commit({ writes: [barrierWrite(ledger, partition, ports.clock.now(), own)] })
    return session`,
      },
    ],
  },
  {
    name: 'no-barrier',
    rule: 'O2',
    does: 'bounds the read by what the log says its end is, without a barrier record',
    violates: ['I5'],
    changes: [
      {
        file: 'engine/open.ts',
        is: OPENING,
        becomes: `
    await producer.fence()
    const { stable } = await ports.log.bounds(ledger, partition)
    return await caughtUp(facts, producer, stable, own)`,
      },
    ],
  },
  {
    name: 'stale-end',
    rule: 'O2',
    does: 'commits the barrier, but bounds the read by what a leader says that may not know the end yet',
    violates: ['I1'],
    changes: [
      {
        file: 'engine/open.ts',
        is: 'return await caughtUp(facts, producer, baseOffsets[0]!, own)',
        becomes: `
    const { stable } = await ports.log.bounds(ledger, partition)
    return await caughtUp(facts, producer, Math.min(stable, baseOffsets[0]!), own)`,
      },
    ],
  },
  {
    name: 'any-ledger',
    rule: 'O3',
    does: 'takes a stamp for its own whatever ledger it names',
    violates: ['I4', 'L1'],
    changes: [{ file: 'engine/catch-up.ts', is: 'if (meta?.ledgerId === parsed.ledgerId && (', becomes: 'if (meta !== null && (' }],
  },
  {
    name: 'uncounted-keys',
    rule: 'O3',
    does: 'believes a clean stamp without counting the keys',
    violates: ['I4'],
    changes: [{ file: 'engine/catch-up.ts', is: 'sameCounts(counts, meta.liveKeys)', becomes: 'sameCounts({}, {})' }],
  },
  {
    name: 'dirty-is-new',
    rule: 'O3',
    does: 'takes an APPLY that broke off for one that came to its end',
    violates: ['I4'],
    changes: [
      {
        file: 'engine/catch-up.ts',
        is: `const from = parsed === null ? -1 : parsed.kind === 'clean' ? parsed.at : parsed.from`,
        becomes: `const from = parsed === null ? -1 : parsed.kind === 'clean' ? parsed.at : parsed.to`,
      },
    ],
  },
  {
    name: 'wipe-in-two-calls',
    rule: 'O3',
    does: 'unlinks the stamp in one call and the stores in another, which compares nothing',
    violates: ['I4'],
    changes: [
      {
        file: 'testing/simulation/state-cache.ts',
        is: `return this.#call('cache.wipe', task, () => this.server.wipe(task, expect))`,
        becomes: `
    return this.#call('cache.wipe', task, () => this.server.wipe(task, expect)).then(async answer => {
      const stores = [...(this.server.content(task)?.stores.keys() ?? ['direct', 'running', 'grouped'])]
      for (const store of stores) await this.#call('cache.wipe', task, () => this.server.content(task)?.stores.delete(store))
      return answer
    })`,
      },
    ],
  },
  {
    name: 'jump-over-truncation',
    rule: 'O3',
    does: 'reads on where the ledger begins now, when it was cut off under its reader',
    violates: ['L2', 'I3'],
    changes: [
      {
        file: 'engine/fold.ts',
        is: 'const fetched = await reader.fetch(bytes)',
        becomes: `
    const fetched = await reader.fetch(bytes).catch(error => {
      if (error.code !== 'OFFSET_OUT_OF_RANGE') throw error
      next++
      reader.seek(next)
      return { from: next, next, batches: [] }
    })
    if (fetched.batches.length === 0 && fetched.from === fetched.next) continue`,
      },
    ],
  },
  {
    name: 'any-start',
    rule: 'O3',
    does: 'takes a ledger that begins in the middle for a whole one',
    violates: ['L3'],
    changes: [{ file: 'engine/fold.ts', is: 'if (this.#start > 0 && !snapshot)', becomes: 'if (this.#start < 0 && !snapshot)' }],
  },
  {
    name: 'lost-ledger-unnoticed',
    rule: 'O5',
    does: 'begins anew when the ledger is empty, whatever the group offsets say of an earlier one',
    violates: ['L3'],
    changes: [
      {
        file: 'engine/open-input.ts',
        is: 'if (meta === null && committed !== null && /^[0-9a-f-]{36}:\\d+$/.test(committed.metadata)) {',
        becomes: 'if (meta === undefined) {',
      },
    ],
  },
  {
    name: 'group-offset-trusted',
    rule: 'O5',
    does: 'begins where the group stands, not where the last meta says',
    violates: ['I1', 'I14'],
    changes: [
      {
        file: 'engine/open-input.ts',
        is: `
  let position = meta?.positions[topic]
  if (position === undefined) {`,
        becomes: `
  let position
  {`,
      },
    ],
  },
  {
    name: 'lost-input-jumped',
    rule: 'O5',
    does: 'goes on at the first record that is left when those at its position are gone',
    violates: ['L3'],
    changes: [
      {
        file: 'engine/open-input.ts',
        is: `
  await checkPosition(log, clock, { topic, partition, position, whose: \`'\${deployment.plan.processor}'\` })
  return position`,
        becomes: `
  return Math.max(position, (await log.bounds(topic, partition)).start)`,
      },
    ],
  },
  {
    name: 'time-not-restored',
    rule: 'O5',
    does: 'forgets stream time at every OPEN',
    violates: ['I9', 'W2'],
    changes: [{ file: 'engine/open-input.ts', is: 'clock.restore(meta.times[name] ?? -Infinity)', becomes: 'clock.restore(-Infinity)' }],
  },
  {
    name: 'marks-not-restored',
    rule: 'O5',
    does: 'forgets at every OPEN what the upstream tasks have told',
    violates: ['W2'],
    changes: [{ file: 'engine/open-input.ts', is: 'marks?.restore(meta.marks[name] ?? [])', becomes: '' }],
  },
  {
    name: 'from-the-start',
    rule: 'O6',
    does: 'reads its inputs from their beginning, wherever the last meta says',
    violates: ['I1', 'I14'],
    changes: [
      {
        file: 'engine/open-input.ts',
        is: 'return position }',
        becomes: 'return (await log.bounds(topic, partition)).start\n}',
      },
    ],
  },
  {
    name: 'resident-state-kept',
    rule: 'CLOSE',
    does: 'keeps its resident state from one session to the next',
    violates: ['I3', 'I11', 'I14'],
    changes: [
      {
        file: 'engine/open.ts',
        is: `
    const holder: { session: Session | null } = { session: null }
    const pipeline = openPipeline(facts, holder)`,
        becomes: `
    const holder: { session: Session | null } = KEPT.get(facts)?.holder ?? { session: null }
    const pipeline = KEPT.get(facts)?.pipeline ?? openPipeline(facts, holder)
    KEPT.set(facts, { holder, pipeline })`,
      },
      {
        file: 'engine/open.ts',
        is: 'const ATTEMPTS = 5',
        becomes: 'const ATTEMPTS = 5\nconst KEPT = new WeakMap<TaskFacts, any>()',
      },
    ],
  },
]
