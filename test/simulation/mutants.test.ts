// The simulator is worth what it finds: every rule that is broken on purpose must be found, by an invariant that the rule is there for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mutants } from './mutants/list.ts'
import { searched } from './search.ts'

const SEEDS = 100

for (const mutant of mutants)
  test(`within ${SEEDS} seeds an engine is found that ${mutant.does} (${mutant.rule}, ${mutant.name})`, async () => {
    const { at, invariant, violation } = await searched(mutant, 1, SEEDS)
    assert.ok(at !== null, `${mutant.name} survives: make faults, scenario or invariants stronger`)
    assert.ok(
      mutant.violates.includes(invariant!),
      `${mutant.name} at seed ${at}: not by ${mutant.violates.join(' or ')}, but ${violation}`,
    )
  })
