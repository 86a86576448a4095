// Membership of a consumer group by Kafka's classic protocol: join, sync, heartbeats. Safety never rests on it: two owners of a number fence one another.
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/errors.ts'
import type { Membership } from '../../ports/record-log.ts'
import { assign } from './assigner.ts'
import type { Cluster, Lane } from './cluster.ts'
import { CODES, COORDINATOR_MOVED } from './codes.ts'
import { refused } from './failures.ts'
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './requests/groups.ts'
import { Reader, Writer } from './wire.ts'

export interface MembershipSettings {
  /** A member that is silent so long is out. */
  readonly sessionMs: number
  readonly heartbeatMs: number
}
const PROTOCOL = 'millrace-sticky'
/** How long the group waits for its members to come back; ours come back at once. */
const REBALANCE_MS = 10_000
const PAUSE_MS = 200
const VERSION = 0

export class GroupMember implements Membership {
  readonly #cluster: Cluster
  readonly #group: string
  readonly #tasks: number
  readonly #assigned: (partitions: readonly number[]) => void
  readonly #settings: MembershipSettings
  #lane: Lane
  readonly #left = new AbortController()
  #member = ''
  #has: readonly number[] = []
  #told = false
  #running: Promise<void> = Promise.resolve()

  constructor(
    cluster: Cluster,
    group: string,
    tasks: number,
    assigned: (partitions: readonly number[]) => void,
    settings: MembershipSettings,
  ) {
    this.#cluster = cluster
    this.#group = group
    this.#tasks = tasks
    this.#assigned = assigned
    this.#settings = settings
    this.#lane = cluster.lane()
  }

  /** Joins, and resolves when the first numbers are given. @throws LOG_UNAVAILABLE, LOG_REFUSED when that cannot be */
  async join(): Promise<void> {
    const first = await this.#generation()
    this.#running = this.#live(first)
  }

  async leave(): Promise<void> {
    if (this.#left.signal.aborted) return this.#running
    this.#left.abort()
    await this.#running
    try {
      if (this.#member !== '')
        await this.#lane.send(await this.#cluster.coordinator('group', this.#group), leaveGroup(this.#group, this.#member))
    } catch {
      // The session ends by itself.
    } finally {
      this.#lane.close()
    }
  }

  /** Generation after generation, until it leaves. Whatever goes wrong, it joins again. */
  async #live(first: number): Promise<void> {
    let generation: number | null = first
    while (!this.#left.signal.aborted) {
      try {
        if (generation !== null) await this.#stay(generation)
        generation = this.#left.signal.aborted ? null : await this.#generation()
      } catch {
        generation = null
        this.#lane.close()
        this.#lane = this.#cluster.lane()
        this.#cluster.moved('group', this.#group)
        await this.#pause(PAUSE_MS)
      }
    }
  }

  /** Heartbeats, until the group wants its members to join again. */
  async #stay(generation: number): Promise<void> {
    for (;;) {
      await this.#pause(this.#settings.heartbeatMs)
      if (this.#left.signal.aborted) return
      const { code } = await this.#lane.send(
        await this.#cluster.coordinator('group', this.#group),
        heartbeat(this.#group, generation, this.#member),
      )
      if (code === CODES.NONE) continue
      if (code === CODES.UNKNOWN_MEMBER_ID) this.#member = ''
      if (COORDINATOR_MOVED.has(code)) this.#cluster.moved('group', this.#group)
      return
    }
  }

  /** Joins and learns the numbers of a new generation. */
  async #generation(): Promise<number> {
    for (;;) {
      const { sessionMs } = this.#settings
      const joined = await this.#cluster.coordinated(
        'group',
        this.#group,
        joinGroup({
          group: this.#group,
          member: this.#member,
          sessionMs,
          rebalanceMs: REBALANCE_MS,
          protocol: PROTOCOL,
          subscription: subscription(this.#has),
        }),
        this.#lane,
      )
      if (joined.code === CODES.MEMBER_ID_REQUIRED) this.#member = joined.member
      else if (joined.code === CODES.UNKNOWN_MEMBER_ID) this.#member = ''
      else if (joined.code === CODES.REBALANCE_IN_PROGRESS) await this.#pause(PAUSE_MS)
      else if (joined.code !== CODES.NONE) throw refused(joined.code, `to let a member into group '${this.#group}'`)
      else {
        this.#member = joined.member
        const isLeader = joined.leader === joined.member
        const plan = isLeader
          ? assign(
              this.#tasks,
              joined.members.map(m => ({ member: m.member, has: numbersIn(m.subscription) })),
            )
          : new Map<string, number[]>()
        const assignments = [...plan].map(([member, numbers]) => ({ member, assignment: assignment(numbers) }))
        const request = syncGroup(this.#group, joined.generation, joined.member, assignments, REBALANCE_MS)
        const synced = await this.#cluster.coordinated('group', this.#group, request, this.#lane)
        if (synced.code === CODES.NONE) {
          this.#tell(assignedIn(synced.assignment))
          return joined.generation
        }
        if (synced.code === CODES.UNKNOWN_MEMBER_ID) this.#member = ''
        else if (synced.code !== CODES.REBALANCE_IN_PROGRESS && synced.code !== CODES.ILLEGAL_GENERATION)
          throw refused(synced.code, `to give a member of group '${this.#group}' its numbers`)
      }
      if (this.#left.signal.aborted) throw new MillraceError('LOG_UNAVAILABLE', `the member left group '${this.#group}'`)
    }
  }

  #tell(numbers: readonly number[]): void {
    const same = this.#told && numbers.length === this.#has.length && numbers.every((n, i) => n === this.#has[i])
    this.#has = numbers
    if (same || this.#left.signal.aborted) return
    this.#told = true
    this.#assigned(numbers)
  }
  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#left.signal }).catch(() => {})
  }
}

// Subscription and assignment in the form of Kafka's consumers, so that its tools can show them; the numbers lie in what the form leaves to users.
function withNumbers(w: Writer, numbers: readonly number[]): Buffer {
  const inner = new Writer()
  inner.array(numbers, n => inner.int32(n))
  return w.bytes(inner.done()).done()
}
const subscription = (has: readonly number[]): Buffer =>
  withNumbers(
    new Writer().int16(VERSION).array([], () => {}),
    has,
  )
const assignment = (numbers: readonly number[]): Buffer =>
  withNumbers(
    new Writer().int16(VERSION).array([], () => {}),
    numbers,
  )
const userData = (bytes: Buffer): Reader => {
  const r = new Reader(bytes)
  r.int16()
  r.array(() => r.string())
  return new Reader(r.bytes())
}
function numbersIn(bytes: Buffer): number[] {
  const r = userData(bytes)
  return r.array(() => r.int32())
}
const assignedIn = (bytes: Buffer): number[] => (bytes.length === 0 ? [] : numbersIn(bytes))
