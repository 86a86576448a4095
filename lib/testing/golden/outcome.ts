// What a golden case makes, as lines that do not depend on partitions: by topic and key, within a key in the order of its coming.
import { plain } from '../../cli/inspection/plain.ts'
import type { TableSpec } from '../../model/table.ts'
import type { Emitted } from '../driver/emitted.ts'
import type { SeenResult } from '../driver/seen.ts'
import { FROM } from '../../engine/watermark.ts'
import { valueToJson } from './json-values.ts'
import type { Places } from './steps.ts'

type Line = Readonly<Record<string, unknown>>
type Rows = readonly Readonly<Record<string, unknown>>[]

export interface Made {
  readonly results: readonly SeenResult[]
  readonly late: Emitted['late']
  readonly deadLetters: Emitted['deadLetters']
  readonly tables: ReadonlyMap<TableSpec, Rows>
}

/** One line for each record, row, dead letter and late record; the last one ends with a line feed. */
export function outcomeText(made: Made, places: Places): string {
  return [...resultLines(made.results, places), ...rowLines(made.tables), ...letterLines(made), ...lateLines(made)]
    .map(line => `${JSON.stringify(line)}\n`)
    .join('')
}

function resultLines(results: readonly SeenResult[], { topics }: Places): readonly Line[] {
  const line = ({ topic, key, time, value, headers: all }: SeenResult): Line => {
    const { [FROM]: _, ...headers } = all
    return {
      ...{ topic, key, time: isoTime(time), value: valueToJson(topics.get(topic)!.value, value) },
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
    }
  }
  // A key lives in one partition: its records are in order already, and the sort is stable.
  return results.toSorted((a, b) => inOrder(a.topic, b.topic) || inOrder(a.key ?? '', b.key ?? '')).map(line)
}

function rowLines(tables: ReadonlyMap<TableSpec, Rows>): readonly Line[] {
  return [...tables]
    .toSorted(([a], [b]) => inOrder(a.name, b.name))
    .flatMap(([{ name, key }, rows]) => {
      const keyed = rows.map(row => [key.map(k => JSON.stringify(plain(row[k]))).join(), { table: name, row: plain(row) }] as const)
      return keyed.toSorted(([a], [b]) => inOrder(a, b)).map(([, line]) => line)
    })
}

const letterLines = ({ deadLetters }: Made): readonly Line[] =>
  sorted(
    deadLetters.map(({ processor, code, message, stage, topic, key, content }) => ({
      deadLetter: { processor, code, message, stage, topic, key, value: content },
    })),
  )
const lateLines = ({ late }: Made): readonly Line[] =>
  sorted(
    late.map(({ processor, window, topic, key, time, lateByMs, missed }) => ({
      late: { processor, window, topic, key, time: isoTime(time), lateByMs, missed: missed.map(w => [isoTime(w.start), isoTime(w.end)]) },
    })),
  )

const sorted = (lines: readonly Line[]): readonly Line[] => lines.toSorted((a, b) => inOrder(JSON.stringify(a), JSON.stringify(b)))
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const isoTime = (ms: number): string | number => (Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : ms)
