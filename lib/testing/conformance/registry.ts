// Proves every sentence of lib/ports/registry.ts on an adapter.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { AvroSchema } from '../../model/avro-type.ts'
import type { ErrorCode } from '../../model/errors.ts'
import { isMillraceError } from '../../model/errors.ts'
import type { Compatibility, Registry } from '../../ports/registry.ts'

export interface RegistrySuiteOptions {
  /** Levels that the registry behind cannot be set to, a limit of its own; everything else is asked of it all the same. */
  readonly withoutLevels?: readonly Compatibility[]
}
export interface OpenedRegistry {
  readonly registry: Registry
  dispose(): Promise<void>
}

const PATIENCE = { timeout: 60_000 }
/** An id that no registry has given yet. */
const NEVER_GIVEN = 0x7ffffff0

const field = (name: string, type: AvroSchema, ...defaults: unknown[]): AvroSchema =>
  defaults.length === 0 ? { name, type } : { name, type, default: defaults[0] }
/** A record of its own name: what other tests registered is another schema. */
const record = (name: string, ...fields: AvroSchema[]): AvroSchema => ({ type: 'record', name, fields })

/** What may follow `id: long, name: string`, and in which directions. */
const CHANGES: readonly { what: string; fields: AvroSchema[]; backward: boolean; forward: boolean }[] = [
  {
    what: 'a field with a default added',
    fields: [field('id', 'long'), field('name', 'string'), field('note', 'string', '')],
    backward: true,
    forward: true,
  },
  {
    what: 'a field without a default added',
    fields: [field('id', 'long'), field('name', 'string'), field('note', 'string')],
    backward: false,
    forward: true,
  },
  { what: 'a field without a default removed', fields: [field('id', 'long')], backward: true, forward: false },
  { what: 'a long made a double', fields: [field('id', 'double'), field('name', 'string')], backward: true, forward: false },
  { what: 'a long made an int', fields: [field('id', 'int'), field('name', 'string')], backward: false, forward: true },
  { what: 'a long made a boolean', fields: [field('id', 'boolean'), field('name', 'string')], backward: false, forward: false },
]
const LEVELS: readonly { level: Compatibility; allows: (change: { backward: boolean; forward: boolean }) => boolean }[] = [
  { level: 'NONE', allows: () => true },
  { level: 'BACKWARD', allows: c => c.backward },
  { level: 'FORWARD', allows: c => c.forward },
  { level: 'FULL', allows: c => c.backward && c.forward },
  { level: 'BACKWARD_TRANSITIVE', allows: c => c.backward },
  { level: 'FORWARD_TRANSITIVE', allows: c => c.forward },
  { level: 'FULL_TRANSITIVE', allows: c => c.backward && c.forward },
]

/**
 * Registers the suite with node:test under `name`. `open` is called once per test; subjects and records have names of their own, so the registry
 * behind may be shared.
 */
export function registryConformance(
  name: string,
  open: () => Promise<OpenedRegistry>,
  { withoutLevels = [] }: RegistrySuiteOptions = {},
): void {
  const levels = LEVELS.filter(({ level }) => !withoutLevels.includes(level))
  const registryTest = (sentence: string, body: (registry: Registry, subject: string, unique: string) => Promise<void>): void => {
    test(sentence, PATIENCE, async () => {
      const { registry, dispose } = await open()
      const unique = `R${randomUUID().replaceAll('-', '')}`
      try {
        await body(registry, `${unique}-value`, unique)
      } finally {
        await dispose()
      }
    })
  }
  const refuses = async (code: ErrorCode, call: () => Promise<unknown>): Promise<void> => {
    await assert.rejects(call, error => isMillraceError(error) && error.code === code && error.message !== '')
  }

  describe(`registry contract: ${name}`, () => {
    registryTest('a subject that was never used has no latest version and is not listed', async (registry, subject) => {
      assert.equal(await registry.latest(subject), null)
      assert.equal((await registry.subjects()).includes(subject), false)
    })

    registryTest(
      'a registered schema is found by its id, is the latest version 1 and its subject is listed',
      async (registry, subject, unique) => {
        const schema = record(unique, field('id', 'long'), field('tags', { type: 'map', values: ['null', 'string'] }))
        const id = await registry.register(subject, schema)
        assert.ok(Number.isInteger(id) && id > 0 && id < 2 ** 31, `${id} fits the wire format`)
        assert.deepEqual(await registry.schema(id), schema)
        assert.deepEqual(await registry.latest(subject), { id, version: 1, schema })
        assert.ok((await registry.subjects()).includes(subject))
      },
    )

    registryTest(
      'the same schema again gives the same id and no new version, also when its properties are in another order',
      async (registry, subject, unique) => {
        const id = await registry.register(subject, record(unique, field('id', 'long')))
        assert.equal(await registry.register(subject, record(unique, field('id', 'long'))), id)
        const reordered = { fields: [{ type: 'long', name: 'id' }], name: unique, type: 'record' }
        assert.equal(await registry.register(subject, reordered), id)
        assert.equal((await registry.latest(subject))?.version, 1)
      },
    )

    registryTest('the same schema has one id in all subjects', async (registry, subject, unique) => {
      const schema = record(unique, field('id', 'long'))
      const id = await registry.register(subject, schema)
      assert.equal(await registry.register(`${subject}-2`, schema), id)
      assert.deepEqual(await registry.latest(`${subject}-2`), { id, version: 1, schema })
    })

    registryTest('another default or logical type is another schema', async (registry, subject, unique) => {
      const ids = new Set<number>()
      for (const [at, type] of [
        field('at', 'long', 0),
        field('at', 'long', 1),
        field('at', { type: 'long', logicalType: 'timestamp-millis' }, 0),
      ].entries()) {
        ids.add(await registry.register(`${subject}-${at}`, record(unique, type)))
      }
      assert.equal(ids.size, 3)
    })

    registryTest('an id never changes its meaning: a new version gets an id of its own', async (registry, subject, unique) => {
      const first = record(unique, field('id', 'long'))
      const second = record(unique, field('id', 'long'), field('note', 'string', ''))
      const a = await registry.register(subject, first)
      const b = await registry.register(subject, second)
      assert.notEqual(a, b)
      assert.deepEqual(await registry.schema(a), first)
      assert.deepEqual(await registry.schema(b), second)
      assert.deepEqual(await registry.latest(subject), { id: b, version: 2, schema: second })
    })

    registryTest('an earlier version registered again gives its id and stays the earlier version', async (registry, subject, unique) => {
      const first = record(unique, field('id', 'long'))
      const a = await registry.register(subject, first)
      const b = await registry.register(subject, record(unique, field('id', 'long'), field('note', 'string', '')))
      assert.equal(await registry.register(subject, first), a)
      assert.equal((await registry.latest(subject))?.id, b)
    })

    registryTest('an id that was never given is null', async registry => {
      assert.equal(await registry.schema(NEVER_GIVEN), null)
    })

    registryTest('SCHEMA_INVALID: what is no Avro schema is not registered', async (registry, subject, unique) => {
      const bad: AvroSchema[] = [
        'strings',
        { type: 'record', name: unique },
        record(unique, field('a', 'nothing')),
        record(unique, field('a', 'int'), field('a', 'int')),
        { type: 'enum', name: unique, symbols: ['A', 'A'] },
      ]
      for (const schema of bad) await refuses('SCHEMA_INVALID', () => registry.register(subject, schema))
      assert.equal(await registry.latest(subject), null)
    })

    registryTest("a subject's level is BACKWARD unless set, and each subject has its own", async (registry, subject) => {
      assert.equal(await registry.compatibility(subject), 'BACKWARD')
      for (const { level } of levels) {
        await registry.setCompatibility(subject, level)
        assert.equal(await registry.compatibility(subject), level)
      }
      assert.equal(await registry.compatibility(`${subject}-2`), 'BACKWARD')
      assert.equal(await registry.latest(subject), null)
    })

    for (const { level, allows } of levels) {
      registryTest(
        `${level} allows and refuses the changes that it should, and a refused one registers nothing`,
        async (registry, subject, unique) => {
          for (const [i, change] of CHANGES.entries()) {
            const here = `${subject}-${i}`
            const first = record(unique, field('id', 'long'), field('name', 'string'))
            await registry.setCompatibility(here, level)
            const id = await registry.register(here, first)
            const next = record(unique, ...change.fields)
            if (allows(change)) {
              assert.notEqual(await registry.register(here, next), id, change.what)
              assert.equal((await registry.latest(here))?.version, 2)
            } else {
              await refuses('SCHEMA_INCOMPATIBLE', () => registry.register(here, next))
              assert.deepEqual(await registry.latest(here), { id, version: 1, schema: first }, change.what)
            }
          }
        },
      )
    }

    registryTest('only a TRANSITIVE level compares with versions before the latest', async (registry, subject, unique) => {
      // 1 → 2: `note` with a default; 2 → 3: its default taken away, which version 1 cannot bear
      const versions = [[], [field('note', 'string', '')], [field('note', 'string')]].map(more =>
        record(unique, field('id', 'long'), ...more),
      )
      const upTo3 = async (level: Compatibility, here: string): Promise<unknown> => {
        await registry.setCompatibility(here, level)
        await registry.register(here, versions[0]!)
        await registry.register(here, versions[1]!)
        return registry.register(here, versions[2]!)
      }
      await upTo3('BACKWARD', `${subject}-1`)
      await refuses('SCHEMA_INCOMPATIBLE', () => upTo3('BACKWARD_TRANSITIVE', `${subject}-2`))
      assert.equal((await registry.latest(`${subject}-2`))?.version, 2)
    })

    registryTest('calls at the same time: one schema has one id, different ones have different ids', async (registry, subject, unique) => {
      const same = await Promise.all([1, 2, 3, 4].map(() => registry.register(subject, record(unique, field('id', 'long')))))
      assert.equal(new Set(same).size, 1)
      const different = await Promise.all(
        [1, 2, 3, 4].map(i => registry.register(`${subject}-${i}`, record(`${unique}_${i}`, field('id', 'long')))),
      )
      assert.equal(new Set([...same, ...different]).size, 5)
      for (const [i, id] of different.entries())
        assert.deepEqual(await registry.schema(id), record(`${unique}_${i + 1}`, field('id', 'long')))
    })

    registryTest('keys of JavaScript objects are names like any other', async (registry, subject, unique) => {
      const schema = record(unique, field('__proto__', 'int', 1), field('constructor', 'int', 2), field('toString', 'int', 3))
      const id = await registry.register(subject, schema)
      assert.deepEqual(await registry.schema(id), schema)
      assert.equal(await registry.latest('constructor'), null)
    })

    registryTest('a closed registry is REGISTRY_UNAVAILABLE on every member', async (registry, subject, unique) => {
      await registry.close()
      const calls: (() => Promise<unknown>)[] = [
        () => registry.register(subject, record(unique)),
        () => registry.schema(1),
        () => registry.latest(subject),
        () => registry.subjects(),
        () => registry.compatibility(subject),
        () => registry.setCompatibility(subject, 'NONE'),
      ]
      for (const call of calls) await refuses('REGISTRY_UNAVAILABLE', call)
    })
  })
}
