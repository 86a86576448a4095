// Inputs that meet where memory goes by key have one partition count (S8), or the deployment is refused before it makes anything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deploy } from '#lib/engine/deploy.ts'
import { TUNING } from '#lib/engine/environment.ts'
import { feed, from, keyBy, keyInPlace, map, merge, type Processor, processor, scan, tap, topic, type Topic } from '#lib/index.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { codec, type E, lines } from '../semantics/jobs.ts'

const wide = topic('wide', { key: 'k', time: 'at', value: codec, partitions: 4 })
const narrow = topic('narrow', { key: 'k', time: 'at', value: codec, partitions: 2 })
const open = topic('open', { key: 'k', time: 'at', value: codec })
const fed = feed('fed', { key: 'k', time: 'at', value: codec })

const counting = scan<E, string, number, { k: string; text: string }>('counter', {
  version: 1,
  ttl: null,
  initial: () => 0,
  next: n => ({ state: n + 1 }),
})
const told = map((x: E) => ({ k: x.k, text: '' }))

/** What deploying does, and the topics that there are afterwards. */
async function deployed(p: Processor, existing: Readonly<Record<string, number>> = {}) {
  const ports = { ...directPorts(), feeds: new Map(), observer: SILENT }
  for (const [name, partitions] of Object.entries(existing)) await ports.log.createTopic({ name, partitions, retention: 'forever' })
  const error = await deploy(p, ports, { app: 'app', partitions: 1, tuning: TUNING }).then(
    () => null,
    (e: unknown) => e as { code: string; message: string },
  )
  return { error, topics: (await ports.log.topics()).map(t => t.name).sort(), of: (name: string) => ports.log.topic(name) }
}

test('S8: a stage with memory refuses inputs with different partition counts, naming both, the stage and the fix, and nothing is made', async () => {
  const { error, topics } = await deployed(processor('p', merge(from(wide), from(narrow)).pipe(counting).to(lines)))
  assert.equal(error?.code, 'NOT_CO_PARTITIONED')
  for (const word of ["scan 'counter'", "'wide' with 4 partitions", "'narrow' with 2 partitions", 'partitions: 4'])
    assert.ok(error.message.includes(word), `${word} is not in: ${error.message}`)
  assert.deepEqual(topics, [])
})

test('S8: what exists counts, and what a topic does not say is the default', async () => {
  const p = processor('p', merge(from(narrow), from(open)).pipe(counting).to(lines))
  assert.equal((await deployed(p)).error?.code, 'NOT_CO_PARTITIONED')
  assert.equal((await deployed(p, { open: 2 })).error, null)
  assert.equal((await deployed(p, { open: 3 })).error?.code, 'NOT_CO_PARTITIONED')
})

test('S8: the fix for a feed is a topic', async () => {
  const { error } = await deployed(processor('p', merge(from(narrow), from(fed)).pipe(counting).to(lines)))
  assert.match(error!.message, /a feed has one partition: write it to a topic with 2 first/)
})

test('S8: keyInPlace looks where a key lives, so it needs one count as well', async () => {
  const p = processor(
    'p',
    merge(from(wide), from(narrow))
      .pipe(
        keyInPlace(x => x.k),
        told,
      )
      .to(lines),
  )
  assert.equal((await deployed(p)).error?.code, 'NOT_CO_PARTITIONED')
})

test('inputs with different counts meet freely where nothing is remembered, and before a keyBy', async () => {
  const by = topic('by', { key: 'k', time: 'at', value: codec })
  const flow = merge(from(wide), from(narrow))
  assert.equal(
    (
      await deployed(
        processor(
          'p',
          flow
            .pipe(
              tap(() => {}),
              told,
            )
            .to(lines),
        ),
      )
    ).error,
    null,
  )
  const { error, of } = await deployed(
    processor(
      'p',
      flow
        .pipe(
          keyBy(x => x.k, { via: by }),
          counting,
        )
        .to(lines),
    ),
  )
  assert.equal(error, null)
  assert.equal((await of('by'))?.partitions, 4, 'a repartition topic that says no count has as many as the inputs')
})

test('a repartition topic with a count of its own is held to it', async () => {
  const via: Topic<E> = topic('by', { key: 'k', time: 'at', value: codec, partitions: 2 })
  const flow = merge(from(wide), from(narrow).pipe(keyBy(x => x.k, { via })))
  assert.match((await deployed(processor('p', flow.pipe(counting).to(lines)))).error!.message, /'by' with 2 partitions and 'wide' with 4/)
})
