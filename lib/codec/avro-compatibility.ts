// Whether everything that one schema can write, another can read: the rules of Avro's schema resolution as the Confluent registry applies them
// (org.apache.avro.SchemaCompatibility), and one more: a changed decimal scale or time unit is incompatible, because reading it gives a wrong
// number (see `logicalConflict`).
import type { AvroSchema } from '../model/avro-type.ts'
import { branchFor, isPromotion, isSameName, logicalConflict, writerFieldsOf } from './avro-match.ts'
import type { AvroType, RecordType } from './avro-model.ts'
import { branchName, PLAIN } from './avro-model.ts'
import { described, joined } from './avro-resolve.ts'
import { parseSchema } from './avro-schema.ts'

export type CompatibilityLevel = 'NONE' | 'BACKWARD' | 'BACKWARD_TRANSITIVE' | 'FORWARD' | 'FORWARD_TRANSITIVE' | 'FULL' | 'FULL_TRANSITIVE'

export interface Incompatibility {
  /** Field in the reader's schema, e.g. `items[].price`; '' is the value itself. */
  readonly path: string
  readonly why: string
}

/** All that keeps `reader` from reading what `writer` writes. @throws SCHEMA_INVALID */
export const checkCompatibility = (reader: AvroSchema, writer: AvroSchema): readonly Incompatibility[] =>
  incompatibilities(parseSchema(reader, 'foreign'), parseSchema(writer, 'foreign'))

/**
 * What keeps `schema` from becoming the next version after `earlier` (oldest first). BACKWARD: it reads the earlier ones; FORWARD: they read it;
 * FULL: both. Without TRANSITIVE only the newest earlier version counts.
 * @throws SCHEMA_INVALID
 */
export function checkNextVersion(
  level: CompatibilityLevel,
  schema: AvroSchema,
  earlier: readonly AvroSchema[],
): readonly Incompatibility[] {
  if (level === 'NONE') return []
  const next = parseSchema(schema, 'foreign')
  const compared = (level.endsWith('_TRANSITIVE') ? earlier : earlier.slice(-1)).map(version => parseSchema(version, 'foreign'))
  const [direction] = level.split('_')
  const backward = direction === 'FORWARD' ? [] : compared.flatMap(version => incompatibilities(next, version))
  const forward = direction === 'BACKWARD' ? [] : compared.flatMap(version => incompatibilities(version, next))
  return [...backward, ...forward]
}

export function incompatibilities(reader: AvroType, writer: AvroType): readonly Incompatibility[] {
  const found: Incompatibility[] = []
  compare(reader, writer, '', found, new Map())
  return found
}

/** Pairs of records that are compared already, or are being compared: what recursion comes back to adds nothing. */
type Open = Map<RecordType, Set<RecordType>>

function compare(r: AvroType, w: AvroType, path: string, found: Incompatibility[], open: Open): void {
  const differs = (why: string): void => {
    found.push({ path, why })
  }
  if (w.kind === 'union') {
    for (const branch of w.branches) compare(r, branch, path, found, open)
    return
  }
  if (r.kind === 'union') {
    const branch = r.branches[branchFor(r, w)]
    if (branch === undefined) differs(`${described(r)} has no branch for the writer's ${described(w)}`)
    else compare(branch, w, path, found, open)
    return
  }
  if (r.kind !== w.kind && !isPromotion(r, w)) return differs(`${described(w)} is not read as ${described(r)}`)
  if ('name' in r && 'name' in w && !isSameName(r, w)) return differs(`${described(w)} is not read as ${described(r)}`)
  const conflict = logicalConflict(r, w, PLAIN)
  if (conflict !== null) differs(conflict)
  if (r.kind === 'fixed' && w.kind === 'fixed' && r.size !== w.size) differs(`${w.size} bytes are not read as ${r.size}`)
  else if (r.kind === 'array' && w.kind === 'array') compare(r.items, w.items, `${path}[]`, found, open)
  else if (r.kind === 'map' && w.kind === 'map') compare(r.values, w.values, `${path}{}`, found, open)
  else if (r.kind === 'enum' && w.kind === 'enum') {
    const lost = r.fallback === null ? w.symbols.filter(symbol => !r.symbols.includes(symbol)) : []
    if (lost.length > 0) differs(`the enum '${branchName(r)}' has no symbol ${lost.map(symbol => `'${symbol}'`).join(', ')} and no default`)
  } else if (r.kind === 'record' && w.kind === 'record') compareFields(r, w, path, found, open)
}

function compareFields(r: RecordType, w: RecordType, path: string, found: Incompatibility[], open: Open): void {
  const seen = open.get(r) ?? new Set()
  if (seen.has(w)) return
  open.set(r, seen.add(w))
  const taken = new Map<string, string>()
  for (const [field, from] of writerFieldsOf(r, w)) {
    const at = joined(path, field.name)
    if (from === null) {
      if (field.default === null) found.push({ path: at, why: `the writer's '${w.name}' has no such field and there is no default` })
      continue
    }
    const other = taken.get(from.name)
    if (other !== undefined) found.push({ path: at, why: `it would take the writer's field '${from.name}', which '${other}' takes` })
    taken.set(from.name, field.name)
    compare(field.type, from.type, at, found, open)
  }
}
