import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readAddress, removeAddress, writeAddress } from '#lib/cli/control/address.ts'
import { answers, remoteInspection } from '#lib/cli/control/client.ts'
import { jsonAnswer, listen } from '#lib/cli/control/listen.ts'
import { serveControl } from '#lib/cli/control/server.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import { coded } from '../../adapters/embedded/opened.ts'

const ROW = { partition: 0, store: 's', key: 'k', window: null, value: { n: 1 } }

/** Answers some questions, and remembers all of them. */
function inspection(): { asked: unknown[][]; inspection: Inspection } {
  const asked: unknown[][] = []
  const answering =
    (name: string, answer: (...a: readonly unknown[]) => unknown) =>
    async (...given: readonly unknown[]) => {
      asked.push([name, ...given])
      return answer(...given)
    }
  return {
    asked,
    inspection: {
      topics: answering('topics', () => []),
      state: answering('state', () => ({ rows: [ROW], total: 1 })),
      letters: answering('letters', () => []),
      replay: answering('replay', () => ({ replayed: [], kept: [] })),
      plan: answering('plan', () => 'the plan'),
      query: answering('query', () => {
        throw new MillraceError('QUERY_FAILED', 'no such column', { where: { line: 3 } })
      }),
      lag: answering('lag', () => {
        throw new MillraceError('LOG_UNAVAILABLE', 'closing')
      }),
      status: answering('status', () => {
        throw new TypeError('a mistake of ours')
      }),
    } as unknown as Inspection,
  }
}

async function served(t: TestContext) {
  const { asked, inspection: local } = inspection()
  const control = await serveControl(local, 'secret')
  t.after(() => control.close())
  const address = { pid: 7, port: control.port, token: 'secret' }
  const send = (path: string, o: RequestInit = {}, token = 'secret') =>
    fetch(`http://127.0.0.1:${control.port}${path}`, { method: 'POST', body: '[]', ...o, headers: { authorization: `Bearer ${token}` } })
  return { asked, address, control, remote: remoteInspection(address), send }
}

test('questions and answers go over the wire as they are', async t => {
  const { remote, asked } = await served(t)
  assert.deepEqual(await remote.state('p', null, 5), { rows: [ROW], total: 1 })
  assert.deepEqual(await remote.topics(), [])
  assert.equal(await remote.plan('p', 'json'), 'the plan')
  await remote.letters({ processor: undefined, limit: 3 })
  await remote.replay({ letters: { processor: 'p' }, twice: 'accept' })
  await remote.replay({ letters: ['a', 'b'], twice: 'refuse' })
  assert.deepEqual(asked, [
    ['state', 'p', null, 5],
    ['topics'],
    ['plan', 'p', 'json'],
    ['letters', { limit: 3 }],
    ['replay', { letters: { processor: 'p' }, twice: 'accept' }],
    ['replay', { letters: ['a', 'b'], twice: 'refuse' }],
  ])
})

test('errors arrive with code, message and place', async t => {
  const { remote } = await served(t)
  await assert.rejects(remote.query('SELECT x'), error => {
    assert.ok(error instanceof MillraceError)
    assert.deepEqual([error.code, error.message, error.where], ['QUERY_FAILED', 'no such column', { line: 3 }])
    return true
  })
  await assert.rejects(remote.lag(), coded('LOG_UNAVAILABLE', 'closing'))
  await assert.rejects(remote.status(), coded('INTERNAL', 'a mistake of ours'))
})

test('without the token nothing is answered and nothing is asked', async t => {
  const { send, asked } = await served(t)
  for (const token of ['', 'secreT', 'secret2', 'x'.repeat(100)]) assert.equal((await send('/topics', {}, token)).status, 401)
  assert.deepEqual(asked, [])
})

test('what is no question is refused: paths, methods, bodies and arguments', async t => {
  const { send, asked } = await served(t)
  for (const path of ['/', '/constructor', '/topics/x', '/__proto__', '/toString']) assert.equal((await send(path)).status, 404, path)
  assert.equal((await send('/topics', { method: 'PUT' })).status, 404)
  for (const [path, body] of [
    ['/state', '['],
    ['/state', '[1, null, 1]'],
    ['/state', '["p", null, "all"]'],
    ['/state', '["p", {}, 1]'],
    ['/plan', '["p", "svg"]'],
    ['/query', '{}'],
    ['/query', '[["SELECT 1"]]'],
    ['/letters', '[]'],
    ['/letters', '[{"processor": 1}]'],
    ['/replay', '[{"letters": [1], "twice": "refuse"}]'],
    ['/replay', '[{"letters": ["a"]}]'],
    ['/query', JSON.stringify(['x'.repeat(1 << 20)])],
  ] as const) {
    const response = await send(path, { body })
    assert.equal(response.status, 400, `${path} ${body.slice(0, 50)}`)
    assert.equal(((await response.json()) as { code: string }).code, 'OPTION_INVALID')
  }
  assert.deepEqual(asked, [])
})

test('nobody but this machine reaches the port', async t => {
  const { control } = await served(t)
  // 127.0.0.2 is this machine too, but another address: only a server on all of them would answer there.
  await assert.rejects(fetch(`http://127.0.0.2:${control.port}/topics`), TypeError)
})

test('a process that is gone is told: NOT_RUNNING', async t => {
  const { remote, control, address } = await served(t)
  assert.equal(await answers(address), true)
  await control.close()
  assert.equal(await answers(address), false)
  await assert.rejects(remote.topics(), coded('NOT_RUNNING', 'process 7'))
})

test('an address whose port another program took since is stale, whatever that one answers', async t => {
  for (const status of [200, 404, 401, 500]) {
    const other = createServer((_request, response) => {
      response.writeHead(status)
      response.end('<html>')
    })
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const { port } = other.address() as AddressInfo
    assert.equal(await answers({ pid: 1, port, token: 'x' }), false, String(status))
  }
})

test('a port in use is PORT_IN_USE, and 0 finds a free one', async t => {
  const one = await listen(0, async () => jsonAnswer(200, 1))
  t.after(() => one.close())
  await assert.rejects(
    listen(one.port, async () => jsonAnswer(200, 1)),
    coded('PORT_IN_USE', `127.0.0.1:${one.port}`, 'choose another'),
  )
  const two = await listen(0, async () => jsonAnswer(200, 1))
  t.after(() => two.close())
  assert.notEqual(one.port, two.port)
})

function directory(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-control-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}
const ADDRESS = { pid: 12, port: 4_000, token: 'secret' }

test('the address is written for its owner only, whatever lay there before, and read back', async t => {
  const place = directory(t)
  assert.equal(await readAddress(place), null)
  writeFileSync(join(place, 'control.json'), '{}', { mode: 0o666 })
  writeFileSync(join(place, 'control.json.new'), 'torn', { mode: 0o666 })
  await writeAddress(place, ADDRESS)
  assert.deepEqual(await readAddress(place), ADDRESS)
  assert.equal(statSync(join(place, 'control.json')).mode & 0o777, 0o600)
})

test('only the address of this process is removed', async t => {
  const place = directory(t)
  await writeAddress(place, ADDRESS)
  await removeAddress(place, 'another token')
  assert.deepEqual(await readAddress(place), ADDRESS)
  await removeAddress(place, 'secret')
  assert.equal(await readAddress(place), null)
  await removeAddress(place, 'secret')
})

test('a file that is no address is as good as none', async t => {
  const place = directory(t)
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"pid":1,"port":0,"token":"x"}',
    '{"pid":1,"port":70000,"token":"x"}',
    '{"pid":1,"port":5}',
  ]) {
    writeFileSync(join(place, 'control.json'), text)
    assert.equal(await readAddress(place), null, text)
  }
})

test('an address that cannot be written is told with its file', async t => {
  const place = directory(t)
  await assert.rejects(writeAddress(join(place, 'none'), ADDRESS), coded('DATA_DIR_UNUSABLE', 'control.json'))
  assert.throws(() => readFileSync(join(place, 'none')))
})
