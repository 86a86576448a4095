// The Tables port over a simulated database, without SQL: the sink protocol of exactly-once.md §4, each step of it a request.
import { MillraceError } from '../../model/errors.ts'
import type { TableSpec } from '../../model/table.ts'
import type { DeadLetterRow, Load, QueryResult, Tables } from '../../ports/tables.ts'
import { Database, SqlTransaction } from './database.ts'
import { Tally } from './faults.ts'
import { type Backstage, type Broken, DIRECT, IMMEDIATE, type Wire } from './wire.ts'

const unavailable: Broken = what => new MillraceError('TABLES_UNAVAILABLE', `the database did not answer: ${what}`)

/** ms after which the server has noticed that a connection is gone. */
const NOTICED_WITHIN = 10_000

export class SimulatedTables implements Tables {
  readonly database: Database
  readonly #wire: Wire
  readonly #backstage: Backstage
  readonly #open = new Set<SqlTransaction>()
  /** Generation of each position as it was read. */
  readonly #gens = new Map<string, number>()
  #closed = false

  /** A client of `database`; without a wire every call happens at once. */
  constructor(database: Database = new Database(new Tally()), wire: Wire = DIRECT, backstage: Backstage = IMMEDIATE) {
    this.database = database
    this.#wire = wire
    this.#backstage = backstage
    wire.atDeath(() => {
      for (const transaction of this.#open) this.#abandon(transaction)
    })
  }
  async position(sink: string, topic: string, partition: number, first: number): Promise<number> {
    const { next, gen } = await this.#call('tables.position', () => this.database.position(sink, topic, partition, first))
    this.#gens.set(`${sink} ${topic}/${partition}`, gen)
    return next
  }
  reset(sink: string, topic: string, partition: number, next: number): Promise<void> {
    return this.#call('tables.reset', () => this.database.reset(sink, topic, partition, next))
  }
  async load(load: Load): Promise<void> {
    const { database } = this
    const { sink, topic, partition, from, to } = load
    const transaction = new SqlTransaction(load, this.#gens.get(`${sink} ${topic}/${partition}`) ?? 0)
    const detail = (): string => `${sink} ${topic}/${partition} ${from} > ${to}`
    this.#open.add(transaction)
    try {
      await this.#untilUnlocked('tables.fence', transaction, () => database.fence(transaction), detail)
      await this.#untilUnlocked('tables.write', transaction, () => database.write(transaction), detail)
      await this.#call('tables.commit', () => database.commit(transaction), detail)
    } catch (error) {
      this.#abandon(transaction)
      throw error
    } finally {
      this.#open.delete(transaction)
    }
  }
  migrate(migrations: readonly { readonly name: string; readonly sql: string }[]): Promise<readonly string[]> {
    return this.#call('tables.migrate', () => this.database.migrate(migrations))
  }
  check(tables: readonly TableSpec[]): Promise<void> {
    return this.#call('tables.check', () => this.database.check(tables))
  }
  /** Always QUERY_FAILED: `database.rows(table)` is the way to look. */
  query(_sql: string): Promise<QueryResult> {
    return Promise.reject(new MillraceError('QUERY_FAILED', 'simulated tables understand no SQL: read database.rows(table)'))
  }
  deadLettersToForward(limit: number): Promise<readonly DeadLetterRow[]> {
    return this.#call('tables.letters', () => this.database.lettersToForward(limit))
  }
  forwarded(letters: readonly DeadLetterRow[]): Promise<void> {
    return this.#call('tables.forwarded', () => this.database.forwarded(letters))
  }
  async close(): Promise<void> {
    this.#closed = true
  }
  #call<T>(point: string, effect: () => T, detail?: () => string): Promise<T> {
    if (this.#closed) return Promise.reject(new MillraceError('TABLES_UNAVAILABLE', 'this client of the database is closed'))
    return this.#wire.call(point, effect, unavailable, detail)
  }
  async #untilUnlocked(
    point: string,
    transaction: SqlTransaction,
    effect: () => 'locked' | 'taken' | 'written',
    detail: () => string,
  ): Promise<void> {
    while ((await this.#call(point, effect, detail)) === 'locked')
      await this.#wire.until('tables.unlocked', fire => this.database.whenUnlocked(transaction, fire))
  }
  /** The server notices a lost connection some time later, and keeps the locks until then; a COMMIT that is on its way may still come before. */
  #abandon(transaction: SqlTransaction): void {
    if (transaction.state !== 'open') return
    this.#backstage.within(NOTICED_WITHIN, 'tables.rollback', () => this.database.rollBack(transaction))
  }
}
