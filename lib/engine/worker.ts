// One process's share of the work: deploys processors, joins their groups, lives the tasks that it is assigned.
import type { Subscription } from 'rxjs'
import { MillraceError } from '../model/errors.ts'
import { kindOf, writersFirst } from '../model/plan.ts'
import type { Membership } from '../ports/record-log.ts'
import type { Processor } from '../stages/processor.ts'
import { deploy } from './deploy.ts'
import { type Deployment, type Ports, type Tuning, TUNING } from './environment.ts'
import { ledgerTopic } from './ledger.ts'
import { Life, type Mode, type OpenTask, Stopped } from './life.ts'
import type { TaskFacts } from './session.ts'
import { SinkTask } from './sink-task.ts'
import { Stillness } from './stillness.ts'
import { StreamTask } from './stream-task.ts'

export interface WorkerSettings {
  /** Prefix of every topic and id of ours: lower case letters, digits, '-'. */
  readonly app: string
  /** Partitions of topics that do not say their own and do not exist yet. */
  readonly partitions: number
  readonly tuning?: Partial<Tuning>
}

/** A letter first, at most 50 of them. */
export const APP_NAME = /^[a-z][a-z0-9-]{0,49}$/

interface Living {
  readonly life: Life<OpenTask>
  readonly subscription: Subscription
}

interface Group {
  readonly deployment: Deployment
  /** Null until it has joined. */
  membership: Membership | null
  readonly living: Map<number, Living>
  /** What its tasks do, those that are assigned later as well. */
  mode: Mode
}

export class Worker {
  readonly #ports: Ports
  readonly #settings: WorkerSettings & { readonly tuning: Tuning }
  readonly #groups = new Map<string, Group>()
  readonly #stillness = new Stillness()
  #listeners: (() => void)[] = []
  constructor(ports: Ports, settings: WorkerSettings) {
    if (!APP_NAME.test(settings.app))
      throw new MillraceError('OPTION_INVALID', `'${settings.app}' is no app name: lower case letters, digits and '-', at most 50`)
    this.#ports = ports
    this.#settings = { ...settings, tuning: { ...TUNING, ...settings.tuning } }
  }
  /** Deploys a processor and takes part in its group. */
  async start(processor: Processor): Promise<Deployment> {
    if (this.#groups.has(processor.id)) throw new MillraceError('PLAN_INVALID', `processor '${processor.id}' is started twice`)
    const deployment = await deploy(processor, this.#ports, this.#settings)
    const group: Group = { deployment, membership: null, living: new Map(), mode: 'running' }
    this.#groups.set(processor.id, group)
    try {
      const name = `${this.#settings.app}.${processor.id}`
      group.membership = await this.#ports.log.join(name, deployment.tasks, partitions => this.#assigned(group, partitions))
    } catch (error) {
      await this.#left(processor.id, group)
      throw error
    }
    return deployment
  }
  get deployments(): readonly Deployment[] {
    return [...this.#groups.values()].map(g => g.deployment)
  }
  /** The tasks that live here. */
  lives(processor?: string): readonly Life<OpenTask>[] {
    const lives: Life<OpenTask>[] = []
    for (const [id, { living }] of this.#groups)
      if (processor === undefined || id === processor) for (const { life } of living.values()) lives.push(life)
    return lives
  }
  /** Open stream tasks of a processor, for people to look into. */
  streamTasks(processor: string): readonly { readonly partition: number; readonly task: StreamTask }[] {
    return this.lives(processor).flatMap(l => (l.task instanceof StreamTask ? [{ partition: l.labels.partition, task: l.task }] : []))
  }
  /**
   * Reads everything that there is and closes every window of the given processors, writers before their readers; then they go on as before.
   * @throws what stopped a task for good
   */
  async drain(processors: readonly string[]): Promise<void> {
    const groups = processors.map(id => {
      const group = this.#groups.get(id)
      if (group === undefined) throw new MillraceError('PLAN_INVALID', `processor '${id}' was not started here`)
      return group
    })
    const inOrder = writersFirst(groups.map(g => g.deployment.plan))
    try {
      for (const { processor } of inOrder) {
        this.#turnTo('draining', processor)
        await this.#until(() => this.lives(processor).every(l => l.drained))
      }
    } finally {
      for (const { processor } of inOrder) this.#turnTo('running', processor)
    }
  }
  /** Commits what is computed, leaves the groups, closes the tasks. */
  async stop(): Promise<void> {
    await Promise.all([...this.#groups].map(([id, group]) => this.#left(id, group)))
  }
  /** Resolves with the first task that stopped for good. */
  failed(): Promise<MillraceError> {
    return new Promise(resolve => {
      const look = (): void => {
        const failure = this.lives().find(l => l.failure !== null)?.failure
        if (failure) resolve(failure)
      }
      this.#listeners.push(look)
      look()
    })
  }
  #turnTo(mode: Mode, processor: string): void {
    const group = this.#groups.get(processor)
    if (group !== undefined) group.mode = mode
    for (const life of this.lives(processor)) {
      if (mode === 'draining') life.drain()
      else life.run()
    }
  }
  #assigned(group: Group, partitions: readonly number[]): void {
    if (this.#groups.get(group.deployment.plan.processor) !== group) return // news for a group that was left
    const { living } = group
    for (const [partition, l] of living) {
      if (partitions.includes(partition)) continue
      living.delete(partition)
      void ended(l)
    }
    for (const partition of partitions) if (!living.has(partition)) living.set(partition, this.#begin(group, partition))
  }
  async #left(id: string, { membership, living }: Group): Promise<void> {
    this.#groups.delete(id)
    await membership?.leave().catch(() => {}) // a member that does not say goodbye is missed soon enough
    await Promise.all([...living.values()].map(ended))
  }
  #begin({ deployment, mode }: Group, partition: number): Living {
    const { tuning, app } = this.#settings
    const { plan } = deployment
    const labels = { processor: plan.processor, partition }
    const facts: TaskFacts = {
      deployment,
      ports: this.#ports,
      tuning,
      partition,
      ledger: ledgerTopic(app, plan.processor),
      labels,
      stillness: this.#stillness,
      past: { opened: 'never' },
    }
    const open: () => Promise<OpenTask> = kindOf(plan) === 'sink' ? () => SinkTask.open(facts) : () => StreamTask.open(facts)
    const { clock, observer } = this.#ports
    const life = new Life<OpenTask>({ labels, clock, observer, behindEveryMs: tuning.applyEveryMs, open })
    if (mode === 'draining') life.drain()
    life.onChange = () => {
      for (const listener of [...this.#listeners]) listener()
    }
    const subscription = life.turns().subscribe({
      error: (error: unknown) => {
        if (!(error instanceof Stopped)) life.onChange()
      },
    })
    return { life, subscription }
  }
  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const failure = this.lives().find(l => l.failure !== null)?.failure
        if (!failure && !condition()) return
        this.#listeners = this.#listeners.filter(l => l !== look)
        if (failure) reject(failure)
        else resolve()
      }
      this.#listeners.push(look)
      look()
    })
  }
}

async function ended({ life, subscription }: Living): Promise<void> {
  await life.stop()
  subscription.unsubscribe()
}
