// What the tables hold, asked now and then: counting rows keeps a small database busy, so it is asked the less often the longer it takes.
import type { Clock } from '../../ports/clock.ts'
import type { Inspection } from '../../ports/inspection.ts'

export interface TablesQuestions {
  /** Tables to count, in the order in which they are shown. */
  readonly tables: readonly string[]
  /** The newest results worth showing: a query that gives one line of text a row. */
  readonly latest: { readonly title: string; readonly sql: string } | null
}

export interface TablesPicture {
  readonly rows: readonly { readonly table: string; readonly rows: number }[]
  readonly latest: readonly string[]
}

const LEAST_PAUSE_MS = 1_000
/** A slow answer may only have stood in line behind a load. */
const LONGEST_PAUSE_MS = 10_000
/** About a twentieth of the time goes into counting. */
const PAUSE_PER_MS = 20

export class TablesWatch {
  readonly #inspection: Inspection
  readonly #clock: Clock
  readonly #questions: TablesQuestions
  #picture: TablesPicture | null = null
  #next = -Infinity
  #asking: Promise<void> | null = null
  constructor(inspection: Inspection, clock: Clock, questions: TablesQuestions) {
    this.#inspection = inspection
    this.#clock = clock
    this.#questions = questions
  }
  /** The last answer; null before the first. Asks again in the background when it is time. */
  get picture(): TablesPicture | null {
    if (this.#asking === null && this.#clock.now() >= this.#next) {
      this.#asking = this.#ask()
        .catch(() => {}) // the database may be away or not open yet; the loader tells of it
        .finally(() => {
          this.#asking = null
        })
    }
    return this.#picture
  }
  async #ask(): Promise<void> {
    const { tables, latest } = this.#questions
    const begun = this.#clock.now()
    try {
      if (tables.length === 0) return
      const counts = await this.#inspection.query(`SELECT ${tables.map(t => `(SELECT count(*) FROM ${t})`).join(', ')}`)
      const newest = latest === null ? null : await this.#inspection.query(latest.sql)
      this.#picture = {
        rows: tables.map((table, i) => ({ table, rows: Number(counts.rows[0]?.[i] ?? 0) })),
        latest: newest?.rows.map(row => row[0] ?? '') ?? [],
      }
    } finally {
      const now = this.#clock.now()
      this.#next = now + Math.min(Math.max(LEAST_PAUSE_MS, (now - begun) * PAUSE_PER_MS), LONGEST_PAUSE_MS)
    }
  }
}
