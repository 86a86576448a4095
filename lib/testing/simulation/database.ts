// The database behind simulated tables: transactions with locks on the offset row and on tables, which commit or roll back once, maybe late.
import { MillraceError } from '../../model/errors.ts'
import type { TableSpec } from '../../model/table.ts'
import type { DeadLetterRow, Load } from '../../ports/tables.ts'
import type { Tally } from './faults.ts'
import { type Change, changesByTable, HeldTable, type RowValues } from './held-table.ts'

/** One SQL transaction of a load. */
export class SqlTransaction {
  readonly load: Omit<Load, 'writes' | 'deletes'>
  /** Generation of the position as its loader read it. */
  readonly gen: number
  readonly rows: ReadonlyMap<string, readonly Change[]>
  state: 'open' | 'committed' | 'rolled back' = 'open'
  changes: readonly (readonly [HeldTable, ReadonlyMap<string, RowValues | null>])[] = []
  readonly locks: string[] = []
  /** What it could not lock. */
  wants: readonly string[] = []

  /** Takes what the load holds now: the caller may change it when the call is over, and the transaction may commit later. */
  constructor(load: Load, gen: number) {
    this.gen = gen
    this.load = { ...load, deadLetters: load.deadLetters.map(storable) }
    this.rows = changesByTable(load.writes, load.deletes)
  }
}

interface HeldLetter {
  readonly letter: DeadLetterRow
  state: 'waiting' | 'forwarded'
}
export interface SinkPosition {
  readonly sink: string
  readonly topic: string
  readonly partition: number
  readonly next: number
  /** Raised by every reset. */
  readonly gen: number
}

export class Database {
  readonly tally: Tally
  /** Goes up with every change that another session can see. */
  version = 0
  readonly #positions = new Map<string, SinkPosition>()
  readonly #tables = new Map<string, HeldTable>()
  readonly #letters = new Map<string, HeldLetter>()
  readonly #migrations = new Map<string, string>()
  readonly #locks = new Map<string, SqlTransaction>()
  #waiters: (() => void)[] = []

  constructor(tally: Tally) {
    this.tally = tally
  }
  get positions(): readonly SinkPosition[] {
    return [...this.#positions.values()]
  }
  get letters(): readonly DeadLetterRow[] {
    return [...this.#letters.values()].map(l => l.letter)
  }
  /** What the table holds now, as another session would see it. */
  rows(table: string): readonly Readonly<Record<string, unknown>>[] {
    return this.#tables.get(table)?.rows ?? []
  }
  /** Null until something was written into it, or it was described. */
  table(name: string): HeldTable | null {
    return this.#tables.get(name) ?? null
  }
  position(sink: string, topic: string, partition: number, first: number): SinkPosition {
    const id = sinkId(sink, topic, partition)
    let position = this.#positions.get(id)
    if (position === undefined) this.#positions.set(id, (position = { sink, topic, partition, next: first, gen: 0 }))
    return position
  }
  reset(sink: string, topic: string, partition: number, next: number): void {
    const { gen } = this.position(sink, topic, partition, next)
    this.#positions.set(sinkId(sink, topic, partition), { sink, topic, partition, next, gen: gen + 1 })
  }

  /** The UPDATE of the offset row. 'locked': another transaction holds it. @throws SINK_FENCED */
  fence(transaction: SqlTransaction): 'taken' | 'locked' {
    this.#refuseEnded(transaction)
    const { sink, topic, partition, from } = transaction.load
    const id = sinkId(sink, topic, partition)
    if (!this.#lock(transaction, [id])) return 'locked'
    const held = this.#positions.get(id)
    if (held?.next === from && held.gen === transaction.gen) return 'taken'
    this.rollBack(transaction)
    this.tally.add('a load was fenced')
    const there = held === undefined ? 'has no position there' : `stands at ${held.next} (generation ${held.gen})`
    throw new MillraceError('SINK_FENCED', `sink '${sink}' ${there}, not at ${from}: read the position again`, {
      where: { topic, partition },
    })
  }
  /** The rows. 'locked': another transaction writes one of the tables. @throws ROW_REFUSED, DUPLICATE_ROW: rolled back */
  write(transaction: SqlTransaction): 'written' | 'locked' {
    this.#refuseEnded(transaction)
    if (!this.#lock(transaction, [...transaction.rows.keys()].map(tableId))) return 'locked'
    try {
      transaction.changes = [...transaction.rows.values()].map(rows => {
        const table = this.#table(rows[0]!.table)
        return [table, table.changes(rows)] as const
      })
    } catch (error) {
      this.rollBack(transaction)
      throw error
    }
    return 'written'
  }
  commit(transaction: SqlTransaction): void {
    this.#refuseEnded(transaction)
    const { sink, topic, partition, to, deadLetters } = transaction.load
    this.version++
    for (const [table, changes] of transaction.changes) table.put(changes)
    for (const letter of deadLetters) {
      const id = letterId(letter)
      if (!this.#letters.has(id)) this.#letters.set(id, { letter, state: 'waiting' })
    }
    this.#positions.set(sinkId(sink, topic, partition), { sink, topic, partition, next: to, gen: transaction.gen })
    this.#end(transaction, 'committed')
  }
  rollBack(transaction: SqlTransaction): void {
    if (transaction.state === 'open') this.#end(transaction, 'rolled back')
  }
  /** Calls `fire` when a lock is given back, at once when what the transaction wants is free by now. */
  whenUnlocked(transaction: SqlTransaction, fire: () => void): void {
    if (transaction.wants.some(id => this.#isHeld(id, transaction))) this.#waiters.push(fire)
    else fire()
  }

  lettersToForward(limit: number): readonly DeadLetterRow[] {
    const waiting = [...this.#letters.values()].filter(l => l.state === 'waiting')
    return waiting.slice(0, limit).map(l => l.letter)
  }
  forwarded(letters: readonly DeadLetterRow[]): void {
    for (const letter of letters) {
      const held = this.#letters.get(letterId(letter))
      if (held !== undefined) held.state = 'forwarded'
    }
  }
  /** Remembers names and texts; there is no SQL here. @throws TABLE_DIFFERS for an edited one */
  migrate(migrations: readonly { readonly name: string; readonly sql: string }[]): readonly string[] {
    for (const { name, sql } of migrations)
      if ((this.#migrations.get(name) ?? sql) !== sql)
        throw new MillraceError('TABLE_DIFFERS', `migration '${name}' was edited after it had run: write a new one`)
    const fresh = migrations.filter(m => !this.#migrations.has(m.name)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    for (const { name, sql } of fresh) this.#migrations.set(name, sql)
    return fresh.map(m => m.name)
  }
  /** A table is there once it was described; another description of it is refused. @throws TABLE_DIFFERS */
  check(tables: readonly TableSpec[]): void {
    for (const spec of tables) {
      const held = this.#table(spec).spec
      for (const [name, { sql, nullable }] of Object.entries(spec.columns)) {
        const column = held.columns[name]
        if (column?.sql !== sql || column.nullable !== nullable)
          throw new MillraceError('TABLE_DIFFERS', `table '${spec.name}' does not have the column '${name}' as it is described`)
      }
    }
  }

  #table(spec: TableSpec): HeldTable {
    let table = this.#tables.get(spec.name)
    if (table === undefined) this.#tables.set(spec.name, (table = new HeldTable(spec)))
    return table
  }
  /** All of them or none, so that no two wait for each other. */
  #lock(transaction: SqlTransaction, ids: readonly string[]): boolean {
    if (ids.some(id => this.#isHeld(id, transaction))) {
      transaction.wants = ids
      this.tally.add('a load waited for a lock')
      return false
    }
    for (const id of ids) {
      this.#locks.set(id, transaction)
      transaction.locks.push(id)
    }
    return true
  }
  /** By another transaction. */
  #isHeld(id: string, transaction: SqlTransaction): boolean {
    return (this.#locks.get(id) ?? transaction) !== transaction
  }
  #refuseEnded({ state }: SqlTransaction): void {
    if (state !== 'open') throw new MillraceError('TABLES_UNAVAILABLE', `the connection is gone and its transaction was ${state}`)
  }
  #end(transaction: SqlTransaction, state: 'committed' | 'rolled back'): void {
    transaction.state = state
    for (const id of transaction.locks) this.#locks.delete(id)
    for (const fire of this.#waiters.splice(0)) fire()
  }
}

const sinkId = (sink: string, topic: string, partition: number): string => `sink\n${sink}\n${topic}\n${partition}`
const tableId = (name: string): string => `table\n${name}`
const letterId = ({ topic, partition, offset, stage }: DeadLetterRow): string => JSON.stringify([topic, partition, offset, stage])
const copied = (bytes: Uint8Array | null): Uint8Array | null => (bytes === null ? null : new Uint8Array(bytes))
/** As SQL text can hold it: no NUL, no half surrogate pairs. */
const storable = (letter: DeadLetterRow): DeadLetterRow => ({
  ...letter,
  message: letter.message.replaceAll('\0', '\ufffd').toWellFormed(),
  key: copied(letter.key),
  value: copied(letter.value),
})
