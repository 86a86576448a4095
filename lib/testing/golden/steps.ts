// The input of a golden case: a line is a step.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { codecSpecOf } from '../../model/codec.ts'
import { isMillraceError, MillraceError, messageOf } from '../../model/errors.ts'
import type { FeedSpec } from '../../model/feed.ts'
import { inputOf, type Plan, sourcesOf, topicsOf } from '../../model/plan.ts'
import type { TopicSpec } from '../../model/topic.ts'
import { valueFromJson } from './json-values.ts'

export type Step =
  | { readonly kind: 'record'; readonly topic: TopicSpec; readonly value: unknown }
  | { readonly kind: 'feed'; readonly feed: FeedSpec; readonly text: string }
  | { readonly kind: 'advance'; readonly ms: number }

/** A file of the golden case: a URL, or a path. */
export type File = URL | string
export const pathOf = (file: File): string => (typeof file === 'string' ? file : fileURLToPath(file))

/** The topics and feeds that processors know, by name. */
export interface Places {
  readonly topics: ReadonlyMap<string, TopicSpec>
  readonly feeds: ReadonlyMap<string, FeedSpec>
  /** Those that are written for others: not what keyBy() writes for the processor itself. */
  readonly written: readonly TopicSpec[]
}
export function placesOf(plans: readonly Plan[]): Places {
  const inputs = plans.flatMap(p => sourcesOf(p).map(inputOf))
  const uses = plans.flatMap(p => topicsOf(p))
  const written = uses.flatMap(({ topic, use }) => (use === 'writes' ? [[topic.name, topic] as const] : []))
  return {
    topics: new Map(uses.map(({ topic }) => [topic.name, topic])),
    written: [...new Map(written).values()],
    feeds: new Map(inputs.flatMap(i => (i.kind === 'feed' ? [[i.name, i] as const] : []))),
  }
}

/** @throws FILE_UNREADABLE; ROW_INVALID naming the line */
export async function readSteps(file: File, places: Places): Promise<readonly Step[]> {
  const path = pathOf(file)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new MillraceError('FILE_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, { cause: error, where: { file: path } })
  })
  return text.split('\n').flatMap((line, i): readonly Step[] => {
    if (line.trim() === '') return []
    try {
      return stepsOf(JSON.parse(line) as Readonly<Record<string, unknown>>, places)
    } catch (error) {
      const code = isMillraceError(error) ? error.code : 'ROW_INVALID'
      throw new MillraceError(code, `${path} line ${i + 1}: ${messageOf(error)}`, { cause: error, where: { file: path, line: i + 1 } })
    }
  })
}

function stepsOf(line: Readonly<Record<string, unknown>>, { topics, feeds }: Places): readonly Step[] {
  const invalid = (what: string): never => {
    throw new MillraceError('ROW_INVALID', what)
  }
  const known = <T>(what: string, name: unknown, among: ReadonlyMap<string, T>): T =>
    among.get(String(name)) ??
    invalid(`none of the processors knows ${what} '${String(name)}'; there are: ${[...among.keys()].join(', ') || 'none'}`)
  if ('note' in line) return []
  if ('topic' in line) {
    const topic = known('topic', line['topic'], topics)
    if (!('value' in line)) return invalid('a line with a topic has a value')
    return [{ kind: 'record', topic, value: valueFromJson(topic.value, line['value']) }]
  }
  if ('feed' in line) {
    const feed = known('feed', line['feed'], feeds)
    const text = 'text' in line ? line['text'] : JSON.stringify(line['value'])
    return typeof text === 'string' ? [{ kind: 'feed', feed, text }] : invalid('a line with a feed has a value, or a text')
  }
  const ms = line['advance']
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms > 0) return [{ kind: 'advance', ms }]
  return invalid('a line has a topic and a value, a feed and a value or a text, "advance" in ms, or a note')
}

/** The latest event time among the steps, ms since epoch; null when none has one. Then the clock can begin there, and nothing comes from the future. */
export function latestTime(steps: readonly Step[]): number | null {
  const times = steps.map(timeOf).filter(t => Number.isSafeInteger(t)) as number[]
  return times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b))
}

function timeOf(step: Step): unknown {
  if (step.kind === 'advance') return null
  if (step.kind === 'record') return (step.value as Readonly<Record<string, unknown>> | null)?.[step.topic.time]
  const codec = codecSpecOf(step.feed.value)
  try {
    return codec.codec === 'json' ? (codec.parse(JSON.parse(step.text)) as Readonly<Record<string, unknown>>)[step.feed.time] : null
  } catch {
    return null // it will be refused
  }
}
