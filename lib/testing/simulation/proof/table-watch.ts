// I13: SQL rows = fold of the topic before the stored offset, in every snapshot. The fold is plain code: the highest revision, among equals the first.
import { CommittedTail, type SeenRecord } from '../oracle.ts'
import { BEGINNING } from '../clock.ts'
import type { RowValues } from '../held-table.ts'
import type { World } from '../world.ts'
import { sameLines } from './lines.ts'
import { direct, directTable, isRefused, latestTable, type Result, running, type Running, SINK } from './job.ts'

/** A row and its place in the table; null: no row can be made. */
type Row = { readonly key: string; readonly revision: number; readonly text: string } | null

interface Loaded {
  readonly topic: string
  readonly table: string
  row(value: string): Row
  /** By column name. */
  shown(row: Readonly<Record<string, unknown>>): string
}
const LOADED: readonly Loaded[] = [
  {
    topic: direct.name,
    table: directTable.name,
    row: value => {
      const { k, start, n, total, revision } = JSON.parse(value) as Result
      return { key: `${k}@${start}`, revision, text: `${k} ${start - BEGINNING} ${n} ${total} ${revision}` }
    },
    shown: r => `${String(r['k'])} ${String(r['start'])} ${String(r['n'])} ${String(r['total'])} ${String(r['revision'])}`,
  },
  {
    topic: running.name,
    table: latestTable.name,
    row: value => {
      const result = JSON.parse(value) as Running
      const { k, seq, total, revision } = result
      return isRefused(result) ? null : { key: k, revision, text: `${k} ${seq} ${total} ${revision}` }
    },
    shown: r => `${String(r['k'])} ${String(r['seq'])} ${String(r['total'])} ${String(r['revision'])}`,
  },
]

class TopicFold {
  readonly #tail: CommittedTail
  readonly #loaded: Loaded
  #waiting: SeenRecord[] = []
  #next = 0
  /** Of this partition. */
  readonly rows = new Map<string, NonNullable<Row>>()
  /** Records of which no row can be made: `topic/partition/offset`. */
  readonly refused: string[] = []

  constructor(world: World, loaded: Loaded, partition: number) {
    this.#tail = new CommittedTail(world.broker.partition(loaded.topic, partition))
    this.#loaded = loaded
  }
  /** @returns what is violated, or null */
  to(next: number): string | null {
    this.#waiting.push(...this.#tail.next())
    if (next < this.#next) return `I13: the stored offset of ${this.#loaded.topic} goes from ${this.#next} back to ${next}`
    this.#next = next
    const { partition } = this.#tail
    while (this.#waiting.length > 0 && this.#waiting[0]!.offset < next) {
      const { offset, value } = this.#waiting.shift()!
      const row = this.#loaded.row(value!.toString())
      if (row === null) this.refused.push(`${partition.topic}/${partition.number}/${offset}`)
      else if (row.revision > (this.rows.get(row.key)?.revision ?? -1)) this.rows.set(row.key, row)
    }
    return null
  }
}

export class TableWatch {
  readonly #world: World
  readonly #partitions: number
  readonly #folds = new Map<string, TopicFold>()
  /** Of every row once: one that changes is another object. */
  readonly #texts = new WeakMap<RowValues, string>()

  constructor(world: World, partitions: number) {
    this.#world = world
    this.#partitions = partitions
  }
  violation(): string | null {
    const { broker, database } = this.#world
    const refused: string[] = []
    for (const loaded of LOADED) {
      if (broker.topic(loaded.topic) === null) continue
      const want: string[] = []
      for (let partition = 0; partition < this.#partitions; partition++) {
        const next = database.positions.find(p => p.sink === SINK && p.topic === loaded.topic && p.partition === partition)?.next ?? 0
        const fold = this.#fold(loaded, partition)
        const back = fold.to(next)
        if (back !== null) return back
        for (const { text } of fold.rows.values()) want.push(text)
        refused.push(...fold.refused)
      }
      const have = this.#shown(loaded)
      if (sameLines(have, want)) continue
      const [h, w] = [have.sort().join(', '), want.sort().join(', ')]
      return `I13: table '${loaded.table}' holds\n  ${h}\nits topic folds to\n  ${w}`
    }
    const letters = database.letters.map(l => `${l.topic}/${l.partition}/${l.offset}`)
    if (sameLines(letters, refused)) return null
    const [h, w] = [letters.sort().join(' '), refused.sort().join(' ')]
    return `I13: there are dead letters of ${h}, refused before the stored offsets are ${w}`
  }
  #shown({ table, shown }: Loaded): string[] {
    const found = this.#world.database.table(table)
    if (found === null) return []
    return Array.from(found.held.values(), row => {
      let text = this.#texts.get(row)
      if (text === undefined) this.#texts.set(row, (text = shown(found.named(row))))
      return text
    })
  }
  #fold(loaded: Loaded, partition: number): TopicFold {
    const id = `${loaded.topic}/${partition}`
    let fold = this.#folds.get(id)
    if (fold === undefined) this.#folds.set(id, (fold = new TopicFold(this.#world, loaded, partition)))
    return fold
  }
}
