// The simulator is worth what it finds: every rule that is broken on purpose must be found, by an invariant that the rule is there for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutants } from './mutants/list.ts'
import type { Mutant } from './mutants/mutant.ts'
import { searched } from './search.ts'

const SEEDS = 100

/** The first seed that violates what the mutant is said to violate; one that trips over something else on the way is passed over. */
async function found(mutant: Mutant): Promise<string | null> {
  for (let first = 1; first <= SEEDS; ) {
    const { at, invariant, violation } = await searched(mutant, first, SEEDS - first + 1)
    if (at === null) return null
    if (mutant.violates.includes(invariant!)) return `seed ${at}: ${violation!.split('\n', 1)[0]}`
    first = at + 1
  }
  return null
}

for (const mutant of mutants)
  test(`within ${SEEDS} seeds an engine is found that ${mutant.does} (${mutant.rule}, ${mutant.name})`, async t => {
    const where = await found(mutant)
    assert.ok(where !== null, `${mutant.name} survives: make faults, scenario or invariants stronger`)
    t.diagnostic(where)
  })
