// Credentials and encryption on a real broker: what lets us in, what does not, and that nothing secret is told.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type KafkaSettings, openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import type { ErrorCode } from '#lib/model/errors.ts'
import { fenced, newTopic, values, write } from '#lib/testing/conformance/record-log/opened-log.ts'
import { freePorts } from '../../../deploy/services/daemon.ts'
import { type KafkaCluster, kafkaPrograms, startKafka } from '../../../deploy/services/kafka.ts'
import { certificates } from '../../services/certificates.ts'
import { coded, SECRET } from '../../services/coded.ts'
import { needs } from '../../services/required.ts'
import { sharedDirectory } from '../../services/shared-directory.ts'

const MINUTE = 60_000

describe('Kafka with credentials and encryption', {
  timeout: 3 * MINUTE,
  ...needs('Kafka (Java and the Maven repository)', kafkaPrograms()),
}, () => {
  const home = sharedDirectory('millrace-kafka-')
  const pem = certificates(join(home.path, 'certificates'))
  let cluster: KafkaCluster
  const ports = { inside: 0, sasl: 0, tls: 0 }
  before(async () => {
    const [inside, controller, sasl, tls] = await freePorts(4)
    Object.assign(ports, { inside, sasl, tls })
    const keystore = join(home.path, 'keystore.pem')
    writeFileSync(keystore, pem.key + pem.cert)
    const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_ada="${SECRET}";`
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
    const bearer = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
    cluster = await startKafka(join(home.path, 'kafka'), {
      settings: {
        listeners: `INSIDE://127.0.0.1:${inside},SASL://127.0.0.1:${sasl},TLS://127.0.0.1:${tls},CONTROLLER://127.0.0.1:${controller}`,
        'listener.security.protocol.map': 'INSIDE:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'INSIDE',
        'controller.quorum.voters': `1@127.0.0.1:${controller}`,
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
        'listener.name.sasl.plain.sasl.jaas.config': plain,
        'listener.name.sasl.scram-sha-256.sasl.jaas.config': scram,
        'listener.name.sasl.scram-sha-512.sasl.jaas.config': scram,
        'listener.name.sasl.oauthbearer.sasl.jaas.config': bearer,
        'listener.name.sasl.connections.max.reauth.ms': '4000',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keystore,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': pem.files.ca,
        'ssl.client.auth': 'required',
      },
      format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(m => ['--add-scram', `${m}=[name=ada,password=${SECRET}]`]),
      serves: inside!,
    })
  })
  after(async () => {
    await Promise.all((cluster?.daemons ?? []).map(daemon => daemon.stop()))
    home.remove()
  })

  const works = async (settings: Omit<KafkaSettings, 'brokers'>, port: number): Promise<void> => {
    const log = await openKafkaLog({ brokers: [`127.0.0.1:${port}`], timeoutMs: 5_000, ...settings })
    try {
      const topic = await newTopic(log)
      const producer = await fenced(log)
      await producer.commit({ writes: [write(topic, 0, 'a')] })
      assert.deepEqual(await values(log, topic), ['a'])
    } finally {
      await log.close()
    }
  }
  const refuses = (settings: Omit<KafkaSettings, 'brokers'>, port: number, code: ErrorCode, words: RegExp): Promise<void> =>
    assert.rejects(works(settings, port), (error: Error) => {
      assert.doesNotMatch(error.message, /another one/)
      return coded(code, words)(error)
    })

  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
    test(`SASL ${mechanism}: the right password`, async () => {
      await works({ sasl: { mechanism, username: 'ada', password: SECRET } }, ports.sasl)
    })
    test(`SASL ${mechanism}: a wrong one`, async () => {
      await refuses({ sasl: { mechanism, username: 'ada', password: 'another one' } }, ports.sasl, 'LOG_REFUSED', /[Aa]uthentication/)
    })
  }
  test('SASL oauthbearer: a token that is asked for', async () => {
    const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url')
    const now = Math.floor(Date.now() / 1_000)
    const token = `${part({ alg: 'none' })}.${part({ sub: 'ada', iat: now, exp: now + 3_600 })}.`
    let asked = 0
    const oauthBearerProvider = async () => {
      asked++
      return { value: token }
    }
    await works({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } }, ports.sasl)
    assert.ok(asked > 0)
  })
  test('credentials that run out every four seconds are renewed while requests are under way', async () => {
    const sasl = { mechanism: 'scram-sha-256', username: 'ada', password: SECRET } as const
    const log = await openKafkaLog({ brokers: [`127.0.0.1:${ports.sasl}`], sasl })
    const topic = await newTopic(log, 4)
    const producer = await fenced(log)
    const written: string[] = []
    const until = performance.now() + 9_000
    for (let n = 0; performance.now() < until; n++) {
      const value = String(n)
      await Promise.all([
        producer.commit({ writes: [0, 1, 2, 3].map(p => write(topic, p, value)) }),
        ...[0, 1, 2, 3].map(p => log.bounds(topic, p)), // on one connection, at once
      ])
      written.push(value)
    }
    for (const p of [0, 1, 2, 3]) assert.deepEqual(await values(log, topic, p), written)
    await log.close()
  })
  test('no credentials where some are needed', async () => {
    await refuses({}, ports.sasl, 'LOG_UNAVAILABLE', /./)
  })
  test('TLS: an authority that is not known, a certificate of ours that is missing, and all that is needed', async () => {
    const [ca, cert, key] = ['ca', 'cert', 'key'].map(name => readFileSync(pem.files[name as 'ca'], 'utf8'))
    await refuses({ tls: {} }, ports.tls, 'LOG_UNAVAILABLE', /certificate/)
    await refuses({ tls: { ca: ca! } }, ports.tls, 'LOG_UNAVAILABLE', /./)
    await works({ tls: { ca: ca!, cert: cert!, key: key! } }, ports.tls)
  })
  test('TLS where none is spoken', async () => {
    await refuses({ tls: { ca: pem.ca } }, ports.inside, 'LOG_UNAVAILABLE', /./)
  })
})
