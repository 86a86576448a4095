// Golden cases: an input and what must come of it as two files, held against the processors straight, killed again and again, and on other partition counts.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { environment } from '../config/environment.ts'
import type { Tuning } from '../engine/environment.ts'
import { MillraceError, messageOf } from '../model/errors.ts'
import { planOfProcessor, type Processor } from '../stages/processor.ts'
import { play, type Way } from './golden/play.ts'
import { type File, pathOf, placesOf, readSteps } from './golden/steps.ts'

export interface GoldenCase {
  readonly processors: Processor | readonly Processor[]
  /**
   * NDJSON, a step a line, in the order of the lines. Each is one of:
   *
   * - `{"topic": NAME, "value": …}` a record; where the topic's Avro schema says so, text is read as a decimal, a time in ISO 8601, a 64-bit integer or base64 bytes
   * - `{"feed": NAME, "value": …}` a record of a feed, as JSON; `{"feed": NAME, "text": "…"}` as it is
   * - `{"advance": MS}` lets wall time pass
   * - `{"note": …}` says something to the reader
   *
   * At the end everything is drained.
   */
  readonly input: URL | string
  /** NDJSON: every record of the topics that the processors write, table rows, dead letters and late records. */
  readonly expected: URL | string
  /** Partition counts. The first one is also run with kills. Default 1, 3, 8. */
  readonly partitions?: readonly [number, ...number[]]
  /** Records between two kills. Default 1. */
  readonly killEvery?: number
  /** Wall time at the beginning, ms since epoch. Default: the latest event time of the input. */
  readonly startAt?: number
  readonly tuning?: Partial<Tuning>
}

/** One way of running a case. */
export interface GoldenRun {
  /** As a sentence's end: `killed after every record, on 3 partitions`. */
  readonly name: string
  /** @throws AssertionError when something else comes out; FILE_UNREADABLE, ROW_INVALID for the files; what stops a task */
  run(): Promise<void>
}

const UPDATE = 'MILLRACE_GOLDEN'

/**
 * Makes tests (node:test) of a golden case: the input gives what is expected, whether it is run straight, killed and resumed again and again, or on
 * other partition counts. A case whose results hang on the order between keys (on what is late, for example: stream time is that of a partition)
 * says `partitions: [1]`.
 *
 * `MILLRACE_GOLDEN=update` writes what comes of the straight run as expected; never where CI is set: look at the difference before it is committed.
 * @example
 * golden('five minutes of two shops', {
 *   processors: revenuePerShop,
 *   input: new URL('./five-minutes.input.ndjson', import.meta.url),
 *   expected: new URL('./five-minutes.expected.ndjson', import.meta.url),
 * })
 */
export function golden(name: string, of: GoldenCase): void {
  describe(name, () => {
    for (const { name: way, run } of goldenRuns(of)) test(way, run)
  })
}

/** The runs of a golden case, for other test runners: in this order, because an update is made by the first. */
export function goldenRuns(of: GoldenCase): readonly GoldenRun[] {
  const { partitions = [1, 3, 8], killEvery = 1 } = of
  if (partitions.length === 0) throw new MillraceError('OPTION_INVALID', 'a golden case runs on at least one partition count')
  if (!(Number.isInteger(killEvery) && killEvery > 0))
    throw new MillraceError('OPTION_INVALID', `killEvery is ${killEvery}: a whole number of records from 1 on is needed`)
  const on = (count: number): string => `on ${count} partition${count === 1 ? '' : 's'}`
  const kills = `killed and resumed after every ${killEvery === 1 ? 'record' : `${killEvery} records`}`
  const [first, ...others] = partitions
  const ways: readonly (Way & { readonly name: string })[] = [
    { name: `straight, ${on(first)}`, partitions: first, killEvery: null },
    { name: `${kills}, ${on(first)}`, partitions: first, killEvery },
    ...others.map(count => ({ name: `straight, ${on(count)}`, partitions: count, killEvery: null })),
    ...others.slice(0, 1).map(count => ({ name: `${kills}, ${on(count)}`, partitions: count, killEvery })),
  ]
  return ways.map((way, i) => ({ name: way.name, run: () => held(of, way, i === 0 ? 'first' : 'other') }))
}

async function held(of: GoldenCase, way: Way, run: 'first' | 'other'): Promise<void> {
  const processors = Array.isArray(of.processors) ? (of.processors as readonly Processor[]) : [of.processors as Processor]
  const places = placesOf(processors.map(planOfProcessor))
  const steps = await readSteps(of.input, places)
  const made = await play({ processors, places, steps, startAt: of.startAt ?? null, tuning: of.tuning ?? {} }, way)
  if (run === 'first' && wanted() === 'update') await writeFile(pathOf(of.expected), made)
  const expected = await expectedText(of.expected)
  if (made !== expected) assert.fail(difference(expected, made, of.expected))
}

/** @throws OPTION_INVALID in CI: what is expected there is what was committed */
function wanted(): 'update' | 'compare' {
  const { variables } = environment(process.cwd())
  const word = variables[UPDATE] ?? ''
  if (word === '') return 'compare'
  if (word !== 'update') throw new MillraceError('OPTION_INVALID', `${UPDATE} is '${word}': only 'update' is known`)
  if (!['', '0', 'false', undefined].includes(variables['CI']))
    throw new MillraceError('OPTION_INVALID', `${UPDATE}=update is for people: CI compares with what was committed`)
  return 'update'
}

async function expectedText(file: File): Promise<string> {
  const path = pathOf(file)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new MillraceError('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(error)}; ${UPDATE}=update makes it`, {
      cause: error,
      where: { file: path },
    })
  }
}

/** The first lines that differ: a whole diff of long files says less. */
function difference(expected: string, made: string, file: File): string {
  const [wanted, came] = [expected, made].map(text => text.split('\n')) as [string[], string[]]
  const at = wanted.findIndex((line, i) => line !== came[i])
  const first = at === -1 ? wanted.length : at
  const shown = (lines: readonly string[], sign: string): string[] => lines.slice(first, first + SHOWN).map(line => `${sign} ${line}`)
  return [
    `something else came out than ${pathOf(file)} expects, from line ${first + 1} on (${came.length - 1} lines, expected are ${wanted.length - 1}):`,
    ...shown(wanted, '-'),
    ...shown(came, '+'),
    `If this is right, ${UPDATE}=update writes it down.`,
  ].join('\n')
}
const SHOWN = 5
