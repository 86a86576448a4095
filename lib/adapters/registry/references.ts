// A schema that names types of other schemas, made whole: each is put where it is named first, as Avro itself would have it.
import type { AvroSchema } from '../../model/avro-type.ts'

/** As the registry tells it. */
export interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** @param others by full name */
export function inlined(schema: AvroSchema, others: ReadonlyMap<string, AvroSchema>): AvroSchema {
  return others.size === 0 ? schema : (walked(schema, '', new Map(others)) as AvroSchema)
}

function walked(schema: unknown, namespace: string, waiting: Map<string, AvroSchema>): unknown {
  if (typeof schema === 'string') {
    const full = schema.includes('.') || namespace === '' ? schema : `${namespace}.${schema}`
    const name = waiting.has(full) ? full : schema
    const found = waiting.get(name)
    if (found === undefined) return schema
    waiting.delete(name)
    return walked(found, '', waiting)
  }
  if (Array.isArray(schema)) return schema.map(branch => walked(branch, namespace, waiting))
  if (typeof schema !== 'object' || schema === null) return schema
  const { name, namespace: own } = schema as { readonly name?: unknown; readonly namespace?: unknown }
  const dot = typeof name === 'string' ? name.lastIndexOf('.') : -1
  const inside = dot > 0 ? (name as string).slice(0, dot) : typeof own === 'string' ? own : namespace
  return Object.fromEntries(
    Object.entries(schema).map(([property, value]) => {
      if (property === 'type' || property === 'items' || property === 'values') return [property, walked(value, inside, waiting)]
      if (property === 'fields' && Array.isArray(value)) return [property, value.map(field => walked(field, inside, waiting))]
      return [property, value]
    }),
  )
}
