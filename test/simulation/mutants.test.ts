// The simulator is worth what it finds: every rule that is broken on purpose must be found, by an invariant that the rule is there for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apart, shares } from './apart.ts'
import { mutants } from './mutants/list.ts'

const SEEDS = 100

/** Where each is found, by name; every share in a thread of its own. */
const hunts = shares(mutants.map(m => m.name)).map(names =>
  apart<ReadonlyMap<string, string | null>>(new URL('search.ts', import.meta.url), 'hunted', names, SEEDS),
)

for (const mutant of mutants)
  test(`within ${SEEDS} seeds an engine is found that ${mutant.does} (${mutant.rule}, ${mutant.name})`, async t => {
    const where = (await Promise.all(hunts)).find(found => found.has(mutant.name))!.get(mutant.name)!
    assert.ok(where !== null, `${mutant.name} survives: make faults, scenario or invariants stronger`)
    t.diagnostic(where)
  })
