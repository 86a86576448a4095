import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLocalRegistry } from '#lib/adapters/registry/local.ts'
import { openMemoryRegistry } from '#lib/adapters/registry/memory.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { registryConformance } from '#lib/testing/conformance/registry.ts'

async function withDirectory<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-registry-'))
  try {
    return await body(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
const record = (name: string, ...fields: AvroSchema[]): AvroSchema => ({ type: 'record', name, fields })

registryConformance('local file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-registry-'))
  const registry = await openLocalRegistry(join(directory, 'registry.json'))
  return {
    registry,
    dispose: async () => {
      await registry.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
})

registryConformance('memory', async () => {
  const registry = openMemoryRegistry()
  return { registry, dispose: () => registry.close() }
})

test('what was registered is there after opening again, in a directory that did not exist', () =>
  withDirectory(async directory => {
    const file = join(directory, 'a', 'b', 'registry.json')
    const first = await openLocalRegistry(file)
    const v1 = record('Order', { name: 'id', type: 'long' })
    const v2 = record('Order', { name: 'id', type: 'long' }, { name: 'note', type: 'string', default: '' })
    assert.deepEqual([await first.register('orders-value', v1), await first.register('orders-value', v2)], [1, 2])
    await first.setCompatibility('orders-value', 'FULL')
    await first.close()
    const again = await openLocalRegistry(file)
    assert.deepEqual(await again.latest('orders-value'), { id: 2, version: 2, schema: v2 })
    assert.deepEqual([await again.schema(1), await again.schema(3)], [v1, null])
    assert.equal(await again.compatibility('orders-value'), 'FULL')
    assert.equal(await again.register('others-value', v1), 1)
    assert.equal(await again.register('others-value', { ...(v1 as object), doc: 'An order.' }), 1, 'documentation makes no other schema')
    assert.equal(await again.register('third-value', 'string'), 3, 'ids go on without gaps')
    assert.equal(await again.register('fourth-value', { type: 'string' }), 3)
    assert.deepEqual(await readdir(join(directory, 'a', 'b')), ['registry.json'])
  }))

test('ids are dense from 1: refused schemas take none', async () => {
  const registry = openMemoryRegistry()
  assert.equal(await registry.register('a', record('A', { name: 'x', type: 'long' })), 1)
  await assert.rejects(registry.register('a', record('A', { name: 'x', type: 'string' })))
  await assert.rejects(registry.register('b', record('B', { name: 'x', type: 'none' })))
  assert.equal(await registry.register('b', record('B')), 2)
})

test('SCHEMA_INCOMPATIBLE says which subject, level and fields, and how many more', async () => {
  const registry = openMemoryRegistry()
  const fields = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => ({ name, type: 'long' }))
  await registry.register('orders', record('Order', ...fields))
  const changed = record('Order', ...fields.map(field => ({ ...field, type: 'int' })))
  await assert.rejects(registry.register('orders', changed), error => {
    assert.ok(isMillraceError(error))
    assert.equal(
      error.message,
      "the schema cannot be version 2 of 'orders' (BACKWARD): field 'a': long is not read as int; field 'b': long is not read as int; " +
        "field 'c': long is not read as int; field 'd': long is not read as int; field 'e': long is not read as int; and 2 more",
    )
    return error.code === 'SCHEMA_INCOMPATIBLE'
  })
})

test('a schema that JSON cannot hold is SCHEMA_INVALID', async () => {
  const cyclic: Record<string, unknown> = { type: 'string' }
  cyclic['more'] = cyclic
  for (const schema of [{ type: 'long', most: 2n ** 63n }, cyclic]) {
    await assert.rejects(openMemoryRegistry().register('a', schema), error => isMillraceError(error) && error.code === 'SCHEMA_INVALID')
  }
})

test('a later change of the object that was registered does not reach the registry', async () => {
  const registry = openMemoryRegistry()
  const schema = { type: 'record', name: 'A', fields: [{ name: 'x', type: 'long' }] }
  await registry.register('a', schema)
  schema.fields[0]!.type = 'string'
  assert.deepEqual(await registry.schema(1), record('A', { name: 'x', type: 'long' }))
})

test('a damaged file is DATA_CORRUPT naming it, whichever byte was changed, and is left as it is', () =>
  withDirectory(async directory => {
    const file = join(directory, 'registry.json')
    const registry = await openLocalRegistry(file)
    await registry.register('orders-value', record('Order', { name: 'id', type: 'long', default: 7 }))
    await registry.close()
    const whole = await readFile(file)
    const damaged = [Buffer.alloc(0), whole.subarray(0, whole.length >> 1), Buffer.from('null'), Buffer.from('{"format":"other"}')]
    for (let i = 0; i < whole.length; i++) {
      // whitespace between tokens means nothing
      if (whole[i]! <= 0x20) continue
      const copy = Buffer.from(whole)
      copy[i] = copy[i] === 0x31 ? 0x32 : 0x31
      damaged.push(copy)
    }
    for (const bytes of damaged) {
      await writeFile(file, bytes)
      await assert.rejects(openLocalRegistry(file), error => {
        assert.ok(isMillraceError(error) && error.code === 'DATA_CORRUPT', String(error))
        return error.message.includes(file) && error.where.file === file
      })
      assert.deepEqual(await readFile(file), bytes)
    }
  }))

test('a file that cannot be read is DATA_DIR_UNUSABLE; one that cannot be written REGISTRY_UNAVAILABLE, and then nothing was registered', () =>
  withDirectory(async directory => {
    await assert.rejects(openLocalRegistry(directory), error => isMillraceError(error) && error.code === 'DATA_DIR_UNUSABLE')
    const file = join(directory, 'sub', 'registry.json')
    const registry = await openLocalRegistry(file)
    // a file where the directory should be: no permission bits that root would pass over
    await writeFile(join(directory, 'sub'), '')
    await assert.rejects(registry.register('a', 'string'), error => {
      return isMillraceError(error) && error.code === 'REGISTRY_UNAVAILABLE' && error.message.includes(file)
    })
    assert.deepEqual([await registry.latest('a'), await registry.schema(1), await registry.subjects()], [null, null, []])
    await rm(join(directory, 'sub'))
    assert.equal(await registry.register('a', 'string'), 1)
  }))

test('a replacement that was cut short leaves the old content', () =>
  withDirectory(async directory => {
    const file = join(directory, 'registry.json')
    const registry = await openLocalRegistry(file)
    await registry.register('a', 'string')
    await writeFile(`${file}.new`, '{"format":"millrace-regis')
    const again = await openLocalRegistry(file)
    assert.equal(await again.schema(1), 'string')
    assert.equal(await again.register('b', 'long'), 2)
    assert.equal(await (await openLocalRegistry(file)).schema(2), 'long')
  }))

const noFullDevice = existsSync('/dev/full') ? false : 'this system has no /dev/full to write to'
test('a full disk is DISK_FULL, nothing was registered, and it goes on when there is room', { skip: noFullDevice }, () =>
  withDirectory(async directory => {
    const file = join(directory, 'registry.json')
    const registry = await openLocalRegistry(file)
    await registry.register('a', 'string')
    await symlink('/dev/full', `${file}.new`)
    await assert.rejects(registry.register('b', 'long'), error => isMillraceError(error) && error.code === 'DISK_FULL')
    assert.equal(await registry.schema(2), null)
    assert.equal(await (await openLocalRegistry(file)).schema(2), null)
    await rm(`${file}.new`)
    assert.equal(await registry.register('b', 'long'), 2)
  }),
)
