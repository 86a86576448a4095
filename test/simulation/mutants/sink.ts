// Mutants of the SQL sink (exactly-once.md §4). Its fence and its rows are the database's business: there the simulated one is broken.
import type { Mutant } from './mutant.ts'

export const sink: readonly Mutant[] = [
  {
    name: 'no-fence',
    rule: '§4',
    does: 'stores the offset without comparing the one that is there',
    violates: ['I13'],
    changes: [
      {
        file: 'testing/simulation/database.ts',
        is: `if (held?.next === from && held.gen === transaction.gen) return 'taken'`,
        becomes: `return 'taken'`,
      },
    ],
  },
  {
    name: 'rows-and-offset-apart',
    rule: '§4',
    does: 'writes rows in a transaction before that of the offset',
    violates: ['I13'],
    changes: [
      {
        file: 'testing/simulation/database.ts',
        is: `return 'written'`,
        becomes: `for (const [table, changes] of transaction.changes) table.put(changes)
    transaction.changes = []
    return 'written'`,
      },
    ],
  },
  {
    name: 'position-kept',
    rule: '§4',
    does: 'goes on from its own position when a load failed, and gives the fence what it wants',
    violates: ['I12', 'I13'],
    changes: [
      {
        file: 'engine/sink-task.ts',
        is: 'if (guilty === null || refused.has(guilty)) throw error',
        becomes: 'if (guilty === null) return',
      },
      {
        file: 'engine/sink-task.ts',
        is: 'partition: input.partition, from, to, writes',
        becomes:
          'partition: input.partition,\n from: await this.#tables.position(deployment.plan.processor, input.name, input.partition, from),\n to,\n writes',
      },
    ],
  },
  {
    name: 'last-of-a-batch-wins',
    rule: '§4',
    does: 'keeps the last row of a key within a batch, whatever its revision',
    violates: ['I13'],
    changes: [
      {
        file: 'testing/simulation/held-table.ts',
        is: 'const there = changed.has(key) ? changed.get(key)! : (this.#rows.get(key) ?? null)',
        becomes: 'const there = changed.has(key) ? null : (this.#rows.get(key) ?? null)',
      },
    ],
  },
  {
    name: 'last-of-equals-wins',
    rule: '§4',
    does: 'keeps the last row among equal revisions',
    violates: ['I13'],
    changes: [
      {
        file: 'testing/simulation/held-table.ts',
        is: '(values[this.#revision] as number) > (there',
        becomes: '(values[this.#revision] as number) >= (there',
      },
    ],
  },
]
