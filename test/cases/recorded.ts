// The recorded results of other systems, as they lie in ../shared/cases/windows (README.md there gives the format).
import { existsSync, readFileSync } from 'node:fs'

export interface Case {
  readonly id: string
  readonly source: string
  readonly operator: string
  readonly options: {
    readonly sizeMs?: number
    readonly advanceMs?: number
    readonly stepMs?: number
    readonly gapMs?: number
    readonly offsetMs?: number
    readonly graceMs?: number
    /** Flink's bounded out-of-orderness: what we call grace. */
    readonly outOfOrdernessMs?: number
    readonly allowedLatenessMs?: number
    readonly agg: string
    readonly emit?: string
    readonly closingStrategy?: string
    readonly endConvention?: string
  }
  readonly input: readonly Input[]
  readonly expected: readonly Expected[]
  /** Kafka Streams: how many windows an input record missed. */
  readonly dropped?: readonly { readonly input: number; readonly count: number }[]
  /** Quix: one entry a window that was missed. Flink: records that missed all. */
  readonly late?: readonly { readonly input: number; readonly start?: number; readonly end?: number }[]
  readonly normative: boolean
  readonly quirk?: readonly string[]
}
export interface Input {
  readonly key: string
  readonly ts: number
  readonly value: number
  readonly partition: number
}
export interface Expected {
  /** Index of the record that brought it; `end` of the input; SQL cases do not say. */
  readonly after?: number | 'end'
  readonly key: string
  readonly start: number
  readonly end: number
  readonly value?: number | string | readonly number[] | null
  readonly count?: number
  readonly sum?: number
  readonly min?: number
  readonly max?: number
}

export const folder = new URL('../../../shared/cases/windows/', import.meta.url)
const there = existsSync(folder)
/** Why tests of recorded cases are skipped, or false. */
export const skip = there ? false : 'the recorded cases (../shared/cases/windows) are not here'

export const FILES = [
  'kafka-streams-tumbling.json',
  'kafka-streams-hopping.json',
  'kafka-streams-session.json',
  'kafka-streams-sliding.json',
  'kafka-streams-stream-stream-join.json',
  'kafka-streams-stream-table-join.json',
  'quix-tumbling.json',
  'quix-hopping.json',
  'quix-session.json',
  'quix-sliding.json',
  'quix-count.json',
  'flink-datastream.json',
  'flink-sql.json',
] as const
export type CaseFile = (typeof FILES)[number]

export const casesIn = (file: CaseFile): readonly Case[] =>
  there ? (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Case[]) : []
export const peerOf = ({ source }: Case): 'kafka' | 'quix' | 'flink' =>
  source.startsWith('kafka') ? 'kafka' : source.startsWith('quix') ? 'quix' : 'flink'
