// What a plan may not be, found before anything runs.
import { codecSpecOf, type Codec } from './codec.ts'
import { MillraceError } from './errors.ts'
import type { FeedSpec } from './feed.ts'
import type { PlanNode, SourceSpec } from './stage.ts'
import { directSourcesOf } from './origins.ts'
import { isTableTarget, isTombstoneTarget } from './table-target.ts'
import { specOf, type TopicSpec } from './topic.ts'

/** @throws PLAN_INVALID, PLAN_DUPLICATE_NAME */
export function checkPlan(processor: string, nodes: readonly PlanNode[]): void {
  checkNames(processor, nodes)
  checkDescriptions(processor, nodes)
  checkReadings(processor, nodes)
  checkTables(processor, nodes)
}

/** The binary form of state changes says a store's number in a byte, and the length of its name in another (lib/state/delta.ts); timers are a store apart. */
const MOST_STAGES = 100
const MOST_BYTES = 200
const TIMERS = '.timers'

function checkNames(processor: string, nodes: readonly PlanNode[]): void {
  const names = new Set<string>()
  for (const { spec } of nodes) {
    const { name, step, version } = spec
    if (name === undefined) continue
    if (typeof name !== 'string' || name.length === 0 || Buffer.byteLength(name) > MOST_BYTES || name.endsWith(TIMERS))
      throw invalid(`${step} of '${processor}' is called '${name}': a name has 1 to ${MOST_BYTES} bytes and does not end in '${TIMERS}'`)
    if (!(Number.isSafeInteger(version) && version! >= 1))
      throw invalid(`${step} '${name}' of '${processor}' has the version ${String(version)}: 1, 2, 3 …`)
    if (names.has(name)) throw new MillraceError('PLAN_DUPLICATE_NAME', `two stages of '${processor}' are called '${name}'`)
    names.add(name)
  }
  if (names.size > MOST_STAGES) throw invalid(`'${processor}' has ${names.size} stages with state: at most ${MOST_STAGES}`)
}

/** One name is one topic or feed, however often it is written down. */
function checkDescriptions(processor: string, nodes: readonly PlanNode[]): void {
  const described = new Map<string, TopicSpec | FeedSpec>()
  const check = (spec: TopicSpec | FeedSpec): void => {
    const before = described.get(spec.name)
    if (before === undefined) described.set(spec.name, spec)
    else {
      const difference = differenceOf(before, spec)
      if (difference !== null)
        throw invalid(`'${processor}' knows '${spec.name}' by two descriptions with different ${difference}: describe it once and use that`)
    }
  }
  for (const { spec } of nodes) {
    if (spec.source !== undefined) check(spec.source.of as unknown as TopicSpec | FeedSpec)
    for (const t of spec.targets ?? []) if (!isTableTarget(t)) check(specOf(t))
  }
}

/** In which word two descriptions differ; null when they mean the same. */
function differenceOf(a: TopicSpec | FeedSpec, b: TopicSpec | FeedSpec): string | null {
  if (a === b) return null
  for (const word of ['kind', 'key', 'time', 'partitions', 'retention'] as const)
    if ((a as Partial<TopicSpec>)[word] !== (b as Partial<TopicSpec>)[word]) return `'${word}'`
  return sameCodec(a.value, b.value) ? null : 'codecs'
}

function sameCodec(a: Codec<unknown>, b: Codec<unknown>): boolean {
  const [x, y] = [codecSpecOf(a), codecSpecOf(b)]
  if (x === y) return true
  if (x.codec === 'json') return y.codec === 'json' && x.parse === y.parse
  return y.codec === 'avro' && JSON.stringify(x.schema) === JSON.stringify(y.schema)
}

/** An input is read once for all flows that begin with it, so they must want it read in the same way. */
function checkReadings(processor: string, nodes: readonly PlanNode[]): void {
  const readings = new Map<string, SourceSpec>()
  const via = new Map<string, PlanNode>()
  for (const { spec } of nodes) {
    const { source } = spec
    if (source === undefined) continue
    const name = source.of.from
    const before = readings.get(name) ?? source
    readings.set(name, source)
    if (source.upstream !== undefined) via.set(name, source.upstream)
    if (source.upstream !== before.upstream)
      throw invalid(
        source.upstream === undefined || before.upstream === undefined
          ? `'${processor}' reads '${name}' by from() and goes through it with keyBy(): use what keyBy() gives`
          : `'${processor}' goes through '${name}' with two keyBy(): give each a topic of its own, or merge() before one`,
      )
    if (startOf(source) !== startOf(before) || source.idleMs !== before.idleMs)
      throw invalid(`'${processor}' reads '${name}' twice with different 'start' or 'idle': an input has one position and one time`)
  }
  for (const node of nodes)
    for (const t of node.spec.targets ?? [])
      if (via.has(t.to) && via.get(t.to) !== node && !isTableTarget(t))
        throw invalid(`'${processor}' goes through '${t.to}' with keyBy() and also writes it: its stream time is told by keyBy() alone`)
}

const startOf = ({ start }: SourceSpec): string | number => (typeof start === 'object' ? start.at.getTime() : start)

/** All rows of a table are written in one way: what becomes of a second row of a key must not depend on which output made it. */
function checkTables(processor: string, nodes: readonly PlanNode[]): void {
  const tables = new Map<string, unknown>()
  const modes = new Map<string, string>()
  for (const node of nodes)
    for (const t of node.spec.targets ?? []) {
      if (!isTableTarget(t)) continue
      if ((tables.get(t.to) ?? t.table) !== t.table)
        throw invalid(`'${processor}' knows table '${t.to}' by two descriptions: describe it once and use that`)
      tables.set(t.to, t.table)
      if (isTombstoneTarget(t)) checkReached(processor, node, t.to)
      else {
        const before = modes.get(t.to) ?? t.mode
        if (before !== t.mode) throw invalid(`'${processor}' writes table '${t.to}' by ${before} and by ${t.mode}: one way for one table`)
        modes.set(t.to, t.mode)
      }
    }
}

/** A tombstone has no value, so that no stage can take it. */
function checkReached(processor: string, node: PlanNode, table: string): void {
  const where = node.spec.step !== 'to' ? `in ${node.spec.step}` : directSourcesOf(node) === null ? 'behind stages that need values' : null
  if (where !== null)
    throw invalid(
      `'${processor}' has a deleteWhere() of table '${table}' ${where}, where no tombstone comes: it belongs into .to(…) directly behind from()`,
    )
}

const invalid = (message: string): MillraceError => new MillraceError('PLAN_INVALID', message)
