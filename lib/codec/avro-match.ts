// Which writer's type a reader's type can take (specification, "Schema Resolution"): the rules that reading and compatibility share.
import type { AvroType, Mapping, NamedType, RecordField, RecordType, UnionType } from './avro-model.ts'
import { decimalOf, logicalOf, shortName } from './avro-model.ts'

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}
/** Whether a reader's kind takes a writer's other kind. */
export const isPromotion = (reader: AvroType, writer: AvroType): boolean => PROMOTIONS[writer.kind]?.includes(reader.kind) ?? false

/** Named types match by their names without namespaces, or by an alias of the reader. */
export function isSameName(reader: NamedType, writer: NamedType): boolean {
  if (shortName(reader.name) === shortName(writer.name)) return true
  return reader.aliases.some(alias => alias === writer.name || (!alias.includes('.') && alias === shortName(writer.name)))
}

/**
 * Which writer's field each field of the reader takes: the one of the same name, else one that an alias names and no other field of the
 * reader claims by its own name. Null: none, the default counts.
 */
export function writerFieldsOf(reader: RecordType, writer: RecordType): ReadonlyMap<RecordField, RecordField | null> {
  const own = new Set(reader.fields.map(field => field.name))
  const byName = new Map(writer.fields.map(field => [field.name, field]))
  return new Map(
    reader.fields.map(field => {
      const alias = field.aliases.find(name => byName.has(name) && !own.has(name))
      return [field, byName.get(field.name) ?? (alias === undefined ? null : byName.get(alias)!)]
    }),
  )
}

/**
 * The reader's branch for a writer's type, −1 when there is none: of the same full name, else of a matching name or the same kind, else the
 * first that it is promoted to. The specification takes the first that matches in any way; this is what the Java library does.
 */
export function branchFor(reader: UnionType, writer: AvroType): number {
  const { branches } = reader
  const exact = branches.findIndex(branch =>
    'name' in branch ? branch.kind === writer.kind && branch.name === (writer as NamedType).name : branch.kind === writer.kind,
  )
  if (exact >= 0) return exact
  if ('name' in writer) return branches.findIndex(branch => branch.kind === writer.kind && isSameName(branch as NamedType, writer))
  return branches.findIndex(branch => isPromotion(branch, writer))
}

/**
 * Null when the logical types of both go together, else why not. Avro itself would read the number beneath and give a wrong value: 12.34 as
 * 0.1234, milliseconds as microseconds. Decimals must have the same scale and the reader's precision may not be smaller.
 */
export function logicalConflict(reader: AvroType, writer: AvroType, mapping: Mapping): string | null {
  if (mapping.logicalTypes === 'raw') return null
  const r = decimalOf(reader, mapping)
  const w = decimalOf(writer, mapping)
  if (r !== null && w !== null) {
    if (r.scale !== w.scale) return `a decimal of scale ${w.scale} is not read as one of scale ${r.scale}`
    if (r.precision < w.precision) return `a decimal of ${w.precision} digits is not read as one of ${r.precision}`
    return null
  }
  if ((r !== null && writer.kind === 'string') || (w !== null && reader.kind === 'string'))
    return 'a decimal is not read as a string, nor a string as a decimal'
  const from = logicalOf(writer)?.name
  const to = logicalOf(reader)?.name
  return from === undefined || to === undefined || from === to ? null : `'${from}' is not read as '${to}'`
}
