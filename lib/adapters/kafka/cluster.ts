// Who leads which partition and who coordinates what, and connections to them. Knowledge is kept until somebody says that it is stale.
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/errors.ts'
import { BrokerConnection, type ClientSettings } from './client.ts'
import { CODES, COORDINATOR_MOVED } from './codes.ts'
import { lostConnection, refused } from './failures.ts'
import { findCoordinator, metadata, type Node, type TopicMetadata } from './requests/cluster.ts'
import type { Request } from './requests/request.ts'

export interface Address {
  readonly host: string
  readonly port: number
}
/** How long something that a cluster settles by itself (an election, a new topic) is waited for, and how often it is asked. */
const PATIENCE_MS = 15_000
const PAUSE_MS = 50
/** A topic that is not known may have been made a moment ago by somebody else. */
const NEW_TOPIC_MS = 500

/** Connections of one user, one to each broker that it needs: requests on a connection wait for those before them, so users do not share. */
export class Lane {
  readonly #connections = new Map<string, BrokerConnection>()
  readonly #settings: ClientSettings
  #closed = false
  constructor(settings: ClientSettings) {
    this.#settings = settings
  }
  /** @throws LOG_UNAVAILABLE, LOG_REFUSED, BROKER_UNFIT; the connection is given up, and what was sent may have happened */
  async send<A>({ host, port }: Address, request: Request<A>): Promise<A> {
    if (this.#closed) throw new MillraceError('LOG_UNAVAILABLE', `Kafka, ${request.name}: the connection is closed`)
    const address = `${host}:${port}`
    let connection = this.#connections.get(address)
    if (connection === undefined || !connection.alive) {
      connection = new BrokerConnection(host, port, this.#settings)
      this.#connections.set(address, connection)
    }
    try {
      return await connection.send(request)
    } catch (error) {
      connection.close()
      if (this.#connections.get(address) === connection) this.#connections.delete(address)
      throw lostConnection(error, `${request.name} to ${address}`)
    }
  }
  close(): void {
    this.#closed = true
    for (const connection of this.#connections.values()) connection.close()
    this.#connections.clear()
  }
}

export class Cluster {
  readonly #bootstrap: readonly Address[]
  readonly #settings: ClientSettings
  readonly #control: Lane
  #nodes = new Map<number, Node>()
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #coordinators = new Map<string, Node>()
  #controller = -1
  #closed = false

  constructor(bootstrap: readonly Address[], settings: ClientSettings) {
    this.#bootstrap = bootstrap
    this.#settings = settings
    this.#control = new Lane(settings)
  }
  get settings(): ClientSettings {
    return this.#settings
  }
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()]
  }

  lane(): Lane {
    return new Lane(this.#settings)
  }
  /** To any broker that answers. @throws LOG_UNAVAILABLE with what the last one said, LOG_REFUSED */
  async ask<A>(request: Request<A>): Promise<A> {
    let last: unknown
    for (const address of [...this.#nodes.values(), ...this.#bootstrap]) {
      try {
        return await this.#control.send(address, request)
      } catch (error) {
        last = error
        if (error instanceof MillraceError && error.code !== 'LOG_UNAVAILABLE') break
      }
    }
    throw last
  }
  /** On the connections that all share: for what is quick and rare. */
  send<A>(to: Address, request: Request<A>): Promise<A> {
    return this.#control.send(to, request)
  }
  /** @param names null: all */
  async refresh(names: readonly string[] | null): Promise<readonly TopicMetadata[]> {
    const { nodes, controller, topics } = await this.ask(metadata(names))
    this.#nodes = new Map(nodes.map(node => [node.id, node]))
    this.#controller = controller
    for (const topic of topics)
      if (topic.code === CODES.NONE) this.#topics.set(topic.name, topic)
      else this.#topics.delete(topic.name)
    return topics
  }
  async controller(): Promise<Node> {
    const node = this.#nodes.get(this.#controller)
    if (node === undefined) throw new MillraceError('LOG_UNAVAILABLE', 'Kafka: the cluster has no controller just now')
    return node
  }

  /** Null when there is no such topic. */
  async topic(name: string, patienceMs = NEW_TOPIC_MS): Promise<TopicMetadata | null> {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    for (const started = performance.now(); ; await sleep(PAUSE_MS)) {
      const topic = (await this.refresh([name])).find(t => t.name === name)
      if (topic?.code === CODES.NONE) return topic
      if (topic === undefined || topic.code === CODES.INVALID_TOPIC_EXCEPTION) return null
      const waited = performance.now() - started
      if (topic.code === CODES.UNKNOWN_TOPIC_OR_PARTITION ? waited >= patienceMs : waited >= PATIENCE_MS)
        if (topic.code === CODES.UNKNOWN_TOPIC_OR_PARTITION) return null
        else throw refused(topic.code, `the description of topic '${name}'`, { topic: name })
    }
  }
  /** @throws TOPIC_UNKNOWN, LOG_UNAVAILABLE when nobody leads it */
  async leader(topic: string, partition: number): Promise<Node> {
    for (const started = performance.now(); ; await sleep(PAUSE_MS)) {
      const described = await this.topic(topic)
      const found = described?.partitions.find(p => p.id === partition)
      const where = { topic, partition }
      if (found === undefined) throw new MillraceError('TOPIC_UNKNOWN', `there is no partition ${topic}/${partition}`, { where })
      const node = this.#nodes.get(found.leader)
      if (node !== undefined) return node
      this.stale(topic)
      if (performance.now() - started > PATIENCE_MS)
        throw new MillraceError('LOG_UNAVAILABLE', `${topic}/${partition} has no leader`, { where })
    }
  }
  /** Whoever led a partition of the topic does not any more. */
  stale(topic: string): void {
    this.#topics.delete(topic)
  }

  /** @throws LOG_UNAVAILABLE, LOG_REFUSED */
  async coordinator(of: 'group' | 'transaction', id: string): Promise<Node> {
    const name = `${of} ${id}`
    const known = this.#coordinators.get(name)
    if (known !== undefined) return known
    for (const started = performance.now(); ; await sleep(PAUSE_MS)) {
      const { code, node } = await this.ask(findCoordinator(of, id))
      if (code === CODES.NONE) {
        this.#coordinators.set(name, node)
        return node
      }
      if (!COORDINATOR_MOVED.has(code) || performance.now() - started > PATIENCE_MS)
        throw refused(code, `to name the coordinator of ${name}`)
    }
  }
  /** Who coordinated it does not any more. */
  moved(of: 'group' | 'transaction', id: string): void {
    this.#coordinators.delete(`${of} ${id}`)
  }
  /** A request to a coordinator whose answers say when it has moved; asked again until it is settled. */
  async coordinated<A extends { readonly code: number }>(
    of: 'group' | 'transaction',
    id: string,
    request: Request<A>,
    lane: Lane = this.#control,
  ): Promise<A> {
    for (const started = performance.now(); ; await sleep(PAUSE_MS)) {
      let answer: A
      try {
        answer = await lane.send(await this.coordinator(of, id), request)
      } catch (error) {
        this.moved(of, id)
        throw error
      }
      if (!COORDINATOR_MOVED.has(answer.code) || performance.now() - started > PATIENCE_MS) return answer
      this.moved(of, id)
    }
  }

  /** @throws LOG_UNAVAILABLE once it is closed */
  checkOpen(): void {
    if (this.#closed) throw new MillraceError('LOG_UNAVAILABLE', 'the record log is closed')
  }
  close(): void {
    this.#closed = true
    this.#control.close()
  }
}
