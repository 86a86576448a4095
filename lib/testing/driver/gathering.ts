// Collects what came out of a driven world since it was last asked.
import { kindOf, type Plan, topicsOf } from '../../model/plan.ts'
import { isTableTarget } from '../../model/table-target.ts'
import type { DeadLetterRow } from '../../ports/tables.ts'
import { planOfProcessor, type Processor } from '../../stages/processor.ts'
import type { RowValues } from '../simulation/held-table.ts'
import type { SimulatedPorts, World } from '../simulation/world.ts'
import { lettersIn, seenLetter } from './dead-letters.ts'
import { Emitted } from './emitted.ts'
import type { LateRecords, SeenDeadLetter } from './seen.ts'
import { newBatches, type TopicPiece, TopicTail } from './topic-tail.ts'

/** Where each of several places was last looked at. */
type Positions = Map<string, number[]>

export class Gathering {
  readonly #world: World
  readonly #outside: SimulatedPorts
  readonly #late: LateRecords
  /** Topics that processors write for others, and for themselves only (keyBy). */
  readonly #written: readonly TopicTail[]
  readonly #inner: readonly TopicTail[]
  readonly #tables: ReadonlySet<string>
  readonly #loaders: ReadonlySet<string>
  readonly #letterTopics: ReadonlySet<string>
  readonly #letters: Positions = new Map()
  readonly #rows = new Map<string, ReadonlyMap<string, RowValues>>()
  #lateSeen = 0

  constructor(app: string, processors: readonly Processor[], world: World, outside: SimulatedPorts, late: LateRecords) {
    this.#world = world
    this.#outside = outside
    this.#late = late
    const plans = processors.map(planOfProcessor)
    this.#written = this.#tails(plans, 'writes')
    this.#inner = this.#tails(plans, 'repartition')
    const targets = plans.flatMap(p => p.nodes).flatMap(n => n.spec.targets ?? [])
    this.#tables = new Set(targets.flatMap(t => (isTableTarget(t) ? [t.table.name] : [])))
    this.#loaders = new Set(plans.filter(p => kindOf(p) === 'sink').map(p => p.processor))
    const others = processors.filter(p => !this.#loaders.has(p.id))
    this.#letterTopics = new Set(others.map(p => p.options.deadLetters?.to ?? `${app}.${p.id}.dlq`))
  }
  async emitted(): Promise<Emitted> {
    const grown = async (tails: readonly TopicTail[]): Promise<readonly TopicPiece[]> => {
      const pieces: TopicPiece[] = []
      for (const tail of tails) pieces.push(await tail.grown())
      return pieces
    }
    const late = this.#late.all.slice(this.#lateSeen)
    this.#lateSeen = this.#late.all.length
    return new Emitted({
      written: await grown(this.#written),
      inner: await grown(this.#inner),
      rows: new Map([...this.#tables].map(table => [table, this.#newRows(table)])),
      late,
      deadLetters: await this.#lettersFrom(this.#letters),
    })
  }
  /** All of them, from the beginning. */
  deadLetters(): Promise<readonly SeenDeadLetter[]> {
    return this.#lettersFrom(new Map())
  }

  #tails(plans: readonly Plan[], wanted: 'writes' | 'repartition'): readonly TopicTail[] {
    const { log, registry } = this.#outside
    const topics = plans.flatMap(p => topicsOf(p)).flatMap(({ topic, use }) => (use === wanted ? [topic] : []))
    return [...new Map(topics.map(t => [t.name, t])).values()].map(spec => new TopicTail(spec, log, registry))
  }
  #newRows(name: string): readonly Readonly<Record<string, unknown>>[] {
    const table = this.#world.database.table(name)
    if (table === null) return []
    const before = this.#rows.get(name)
    this.#rows.set(name, new Map(table.held))
    return [...table.held].filter(([key, row]) => before?.get(key) !== row).map(([, row]) => table.named(row))
  }
  /** Moves the positions on. */
  async #lettersFrom(positions: Positions): Promise<readonly SeenDeadLetter[]> {
    const seen = (place: string): number[] => {
      const at = positions.get(place) ?? []
      positions.set(place, at)
      return at
    }
    const letters: DeadLetterRow[] = []
    for (const topic of this.#letterTopics)
      for (const batch of await newBatches(this.#outside.log, topic, seen(topic)))
        letters.push(...lettersIn(batch).filter(l => !this.#loaders.has(l.processor)))
    const rows = this.#world.database.letters // in the order of their coming
    const [from = 0] = seen('database')
    positions.set('database', [rows.length])
    letters.push(...rows.slice(from))
    return Promise.all(letters.map(letter => seenLetter(letter, this.#outside.registry)))
  }
}
