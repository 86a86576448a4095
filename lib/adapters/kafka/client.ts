// What is used of kafkajs, and nothing else of the house knows it: connections with TLS and SASL, requests and answers told apart on them. Its producer,
// consumer and admin are not: they deliver aborted records, lose and double records when a leader moves, and decide on stale offsets (decision 0070).
import { createRequire } from 'node:module'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { MillraceError } from '../../model/errors.ts'
import type { Request } from './requests/request.ts'
import { Reader } from './wire.ts'

/** The one version whose insides are known. */
const VERSION = '2.2.4'
const require = createRequire(import.meta.url)

/** The parts of kafkajs as they are used here; it has no types for them. */
interface RawRequest {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    expectResponse(): boolean
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: { decode(bytes: Buffer): Promise<object>; parse(decoded: object): Promise<object> }
  readonly requestTimeout?: number
  readonly logResponseError?: boolean
}
interface Connection {
  readonly socket?: Socket
  readonly requestQueue: { scheduleCheckPendingRequests: () => void }
  isAuthenticated(): boolean
  authenticate(): Promise<void>
  send(request: RawRequest): Promise<unknown>
  rejectRequests(error: Error): void
  disconnect(): Promise<unknown>
}
interface ConnectionPool {
  readonly pool: readonly Connection[]
}
interface Broker {
  readonly connectionPool: ConnectionPool
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null
  connect(): Promise<void>
}
type Classes = {
  readonly ConnectionPool: new (options: object) => ConnectionPool
  readonly Broker: new (options: object) => Broker
}

export type Sasl =
  | { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'oauthbearer'; readonly oauthBearerProvider: () => Promise<{ readonly value: string }> }

export interface ClientSettings {
  readonly clientId: string
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl?: Sasl
  /** A request without an answer is given up after so long. */
  readonly timeoutMs: number
}

let classes: Classes | null = null
/** @throws CLIENT_UNFIT: another version of kafkajs, whose insides may differ, is worse than none */
export function selfCheck(found: { readonly version: string } = require('kafkajs/package.json') as { version: string }): Classes {
  if (found.version !== VERSION)
    throw new MillraceError('CLIENT_UNFIT', `kafkajs ${found.version} is installed, and only ${VERSION} is known: install exactly that`)
  classes ??= {
    ConnectionPool: require('kafkajs/src/network/connectionPool') as Classes['ConnectionPool'],
    Broker: require('kafkajs/src/broker') as Classes['Broker'],
  }
  return classes
}

/** Before credentials run out. A broker refuses to renew them within a second. */
const RENEWAL_MS = 1_500

interface Logger extends Readonly<Record<'debug' | 'info' | 'warn' | 'error', () => void>> {
  namespace(): Logger
}
const nothing = (): void => {}
/** Errors are thrown to who asked; nobody needs to read them twice. */
const LOGGER: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, namespace: () => LOGGER }

/** One connection to one broker, made when it is first used. Requests are answered in their order. */
export class BrokerConnection {
  readonly #broker: Broker
  readonly #address: string
  readonly #timeoutMs: number
  readonly #renews: boolean
  #connecting: Promise<void> | null = null
  #renewal: Promise<void> | null = null
  readonly #underWay = new Set<Promise<unknown>>()
  #closed = false

  constructor(host: string, port: number, { clientId, tls, sasl, timeoutMs }: ClientSettings) {
    const { ConnectionPool, Broker } = selfCheck()
    this.#address = `${host}:${port}`
    this.#timeoutMs = timeoutMs
    this.#renews = sasl !== undefined
    const connectionPool = new ConnectionPool({
      host,
      port,
      ssl: tls === undefined ? null : { ...tls, servername: /^[\d.:]+$/.test(host) ? undefined : host },
      sasl: sasl ?? null,
      clientId,
      socketFactory,
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      enforceRequestTimeout: true,
      maxInFlightRequests: null,
      reauthenticationThreshold: RENEWAL_MS,
      logger: LOGGER,
    })
    // It would set a timer of minus 1.8 trillion ms after every answer, for requests that wait; ours are sent at once, none ever waits (K16).
    for (const { requestQueue } of connectionPool.pool) requestQueue.scheduleCheckPendingRequests = () => {}
    this.#broker = new Broker({ connectionPool, logger: LOGGER, authenticationTimeout: timeoutMs, allowAutoTopicCreation: false })
  }
  get alive(): boolean {
    return !this.#closed
  }

  /**
   * Sends a request and gives its answer. After an error that is no code of Kafka the connection is of no use any more.
   * @throws errors of kafkajs; BROKER_UNFIT when the broker does not speak the version
   */
  async send<A>(request: Request<A>): Promise<A> {
    this.#connecting ??= this.#connect()
    await this.#connecting
    if (this.#closed) throw new Error(`the connection to ${this.#address} is closed`)
    const { key, version, name } = request
    const spoken = this.#broker.versions?.[key]
    if (spoken === undefined || version < spoken.minVersion || version > spoken.maxVersion)
      throw new MillraceError(
        'BROKER_UNFIT',
        `the broker at ${this.#address} does not speak ${name} version ${version}: Kafka 2.4 or newer is needed`,
      )
    if (this.#renews) await this.#renewed()
    const answer: { of?: A } = {}
    const sent = this.#broker.connectionPool.pool[0]!.send({
      request: {
        apiKey: key,
        apiVersion: version,
        apiName: name,
        expectResponse: () => true,
        encode: () => Promise.resolve(encoded(request.encode())),
      },
      response: {
        decode: bytes => {
          answer.of = request.decode(new Reader(bytes))
          return Promise.resolve(NO_THROTTLE)
        },
        parse: decoded => Promise.resolve(decoded),
      },
      requestTimeout: this.#timeoutMs + (request.waitsMs ?? 0),
      logResponseError: false,
    })
    if (this.#renews) this.#remember(sent)
    await sent
    return answer.of!
  }

  /**
   * Credentials run out while a connection lives. kafkajs renews them between two requests, and takes the next answer that comes for one to its own question:
   * nothing else may be under way then.
   */
  async #renewed(): Promise<void> {
    const [connection] = this.#broker.connectionPool.pool
    if (connection!.isAuthenticated() && this.#renewal === null) return
    this.#renewal ??= Promise.all(this.#underWay)
      .then(() => connection!.authenticate())
      .finally(() => (this.#renewal = null))
    await this.#renewal
  }
  #remember(sent: Promise<unknown>): void {
    const settled: Promise<unknown> = sent.catch(() => {}).finally(() => this.#underWay.delete(settled))
    this.#underWay.add(settled)
  }

  async #connect(): Promise<void> {
    await this.#broker.connect()
    // kafkajs does not listen to it: what is under way on a socket that somebody destroyed would wait for its time-out (K5).
    this.#broker.connectionPool.pool[0]!.socket?.once('close', () => this.close())
  }

  /** Cuts it off: what is under way fails at once, and what was sent may still happen. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const connection of this.#broker.connectionPool.pool) {
      const closed = new Error(`the connection to ${this.#address} was closed`)
      connection.socket?.destroy(closed) // with an error, which also ends one that is still being made
      connection.rejectRequests(closed)
      connection.disconnect().catch(() => {})
    }
  }
}

const NO_THROTTLE = { clientSideThrottleTime: 0 }
/** As kafkajs wants what it sends. */
const encoded = (bytes: Buffer) => ({ buf: bytes, buffer: bytes })

/** As kafkajs's own, and small requests go at once. */
const socketFactory = ({
  host,
  port,
  ssl,
  onConnect,
}: {
  host: string
  port: number
  ssl: ConnectionOptions | null
  onConnect: () => void
}): Socket => {
  const socket = ssl === null ? connectTcp({ host, port }, onConnect) : connectTls({ host, port, ...ssl }, onConnect)
  socket.setKeepAlive(true, 30_000)
  socket.setNoDelay(true)
  return socket
}
