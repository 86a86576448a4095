import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { openConfluentRegistry } from '#lib/adapters/registry/confluent.ts'
import type { Registry } from '#lib/ports/registry.ts'
import { registryConformance } from '#lib/testing/conformance/registry.ts'
import { freePorts } from '../../../deploy/services/daemon.ts'
import { registryPrograms, type RegistryServer, startRegistry } from '../../../deploy/services/registry.ts'
import { coded } from '../../services/coded.ts'
import { needs } from '../../services/required.ts'
import { sharedDirectory } from '../../services/shared-directory.ts'

const MINUTE = 60_000

describe('registry with Confluent’s API', {
  timeout: 3 * MINUTE,
  ...needs('Apicurio (Java and the Maven repository)', registryPrograms()),
}, () => {
  const home = sharedDirectory('millrace-registry-')
  let server: RegistryServer
  before(async () => {
    server = await startRegistry(home.path)
  })
  after(async () => {
    await server?.daemon.stop()
    home.remove()
  })
  registryConformance(
    'Apicurio',
    async () => {
      const registry = await openConfluentRegistry({ url: server.url })
      return { registry, dispose: () => registry.close() }
    },
    { withoutLevels: ['NONE'] },
  ) // to Apicurio it means "no rule of its own": the registry's holds

  test('a registry that is gone is an outage, and what was read before is still known', async () => {
    const registry = await openConfluentRegistry({ url: server.url })
    const schema = { type: 'record', name: 'Kept', fields: [] }
    const id = await registry.register('kept-value', schema)
    await registry.schema(id)
    await server.daemon.kill()
    assert.deepEqual(await registry.schema(id), schema)
    assert.equal(await registry.register('kept-value', schema), id)
    await assert.rejects(registry.schema(4711), coded('REGISTRY_UNAVAILABLE', /reading the schema of id 4711/))
    await registry.close()
  })
})

/** A registry as a script: what it answers to which path, and what it was asked. */
describe('answers of a registry', () => {
  const asked: string[] = []
  const answers = new Map<string, { status: number; body: unknown; type?: string }>()
  let server: Server
  let url: string
  let registry: Registry
  before(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim())
      const { status, body, type = 'application/vnd.schemaregistry.v1+json' } = answers.get(request.url!) ?? { status: 200, body: [] }
      response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    registry = await openConfluentRegistry({ url: `${url}/`, user: 'us', password: 'the-secret' })
  })
  after(async () => {
    await registry.close()
    server.closeAllConnections()
    server.close()
  })
  const answer = (path: string, status: number, body: unknown, type?: string): void =>
    void answers.set(path, { status, body, ...(type !== undefined && { type }) })

  test('credentials are sent, and never told', async () => {
    assert.ok(asked.includes(`GET /subjects Basic ${Buffer.from('us:the-secret').toString('base64')}`))
    answer('/schemas/ids/1', 401, { error_code: 401, message: 'who are you' })
    await assert.rejects(registry.schema(1), error => {
      coded('REGISTRY_REFUSED', /who are you.*status 401/)(error)
      assert.doesNotMatch(String(error), /the-secret/)
      return true
    })
  })
  test('a 404 of the registry is final, one of a proxy or a wrong path is an outage: records must not become dead letters for it', async () => {
    answer('/schemas/ids/2', 404, { error_code: 40403, message: 'Schema 2 not found' })
    assert.equal(await registry.schema(2), null)
    answer('/schemas/ids/3', 404, '<html>nothing here</html>', 'text/html')
    await assert.rejects(registry.schema(3), coded('REGISTRY_UNAVAILABLE', /status 404/))
  })
  test('an id that was not there is asked for again: it may be given later; one that was is never asked for again', async () => {
    const times = (): number => asked.filter(line => line.startsWith('GET /schemas/ids/4')).length
    answer('/schemas/ids/4', 404, { error_code: 40403, message: 'Schema 4 not found' })
    assert.equal(await registry.schema(4), null)
    answer('/schemas/ids/4', 200, { schema: '"string"' })
    for (let i = 0; i < 3; i++) assert.equal(await registry.schema(4), 'string')
    assert.equal(times(), 2)
    await Promise.all([registry.schema(4), registry.schema(4)])
    assert.equal(times(), 2)
  })
  test('a schema that refers to others is made whole, each type defined where it is named first', async () => {
    const money = { type: 'record', name: 'Money', namespace: 'shop', fields: [{ name: 'cents', type: 'long' }] }
    const line = {
      type: 'record',
      name: 'Line',
      namespace: 'shop',
      fields: [
        { name: 'price', type: 'Money' },
        { name: 'rebate', type: ['null', 'shop.Money'], default: null },
      ],
    }
    const order = {
      type: 'record',
      name: 'shop.Order',
      fields: [
        { name: 'lines', type: { type: 'array', items: 'Line' } },
        { name: 'total', type: 'Money' },
      ],
    }
    const reference = (name: string) => ({ name: `shop.${name}`, subject: name, version: 3 })
    answer('/subjects/Money/versions/3', 200, { id: 50, version: 3, schema: JSON.stringify(money) })
    answer('/subjects/Line/versions/3', 200, { id: 51, version: 3, schema: JSON.stringify(line), references: [reference('Money')] })
    answer('/schemas/ids/5', 200, { schema: JSON.stringify(order), references: [reference('Line'), reference('Money')] })
    assert.deepEqual(await registry.schema(5), {
      type: 'record',
      name: 'shop.Order',
      fields: [
        {
          name: 'lines',
          type: {
            type: 'array',
            items: {
              ...line,
              fields: [
                { name: 'price', type: money },
                { name: 'rebate', type: ['null', 'shop.Money'], default: null },
              ],
            },
          },
        },
        { name: 'total', type: 'Money' },
      ],
    })
  })
  test('a schema of another kind is told as such', async () => {
    answer('/schemas/ids/6', 200, { schemaType: 'PROTOBUF', schema: 'syntax = "proto3";' })
    await assert.rejects(registry.schema(6), coded('SCHEMA_INVALID', /id 6 is PROTOBUF, not Avro/))
  })
  test('a server error is asked for again, then an outage', async () => {
    answer('/schemas/ids/7', 500, { error_code: 50001, message: 'store timeout' })
    await assert.rejects(registry.schema(7), coded('REGISTRY_UNAVAILABLE', /store timeout.*status 500/))
    assert.ok(asked.filter(line => line.startsWith('GET /schemas/ids/7')).length > 1)
  })
  test('an address that is none, and one where nobody is', async () => {
    await assert.rejects(openConfluentRegistry({ url: 'registry:8081' }), coded('OPTION_INVALID', /is not http/))
    const [port] = await freePorts(1)
    await assert.rejects(openConfluentRegistry({ url: `http://127.0.0.1:${port}` }), coded('REGISTRY_UNAVAILABLE', /ECONNREFUSED/))
  })
})
