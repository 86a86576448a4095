// When two schemas are the same to a registry. Avro's Parsing Canonical Form would be too little: it leaves out defaults, aliases and logical
// types, which readers live by.
import type { AvroSchema } from '../model/avro-type.ts'

/** Text that is equal for schemas that differ only in whitespace, order of properties, documentation, or `{"type": "string"}` for `"string"`. */
export const identityOf = (schema: AvroSchema): string => JSON.stringify(schemaForm(schema))

function schemaForm(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(schemaForm)
  if (typeof schema !== 'object' || schema === null) return schema
  const properties = Object.entries(schema).filter(([name, value]) => name !== 'doc' && value !== undefined)
  if (properties.length === 1 && properties[0]![0] === 'type') return schemaForm(properties[0]![1])
  return sorted(
    properties.map(([name, value]) => {
      if (name === 'fields' && Array.isArray(value)) return [name, value.map(fieldForm)]
      return [name, name === 'type' || name === 'items' || name === 'values' ? schemaForm(value) : sortedDeep(value)]
    }),
  )
}

function fieldForm(field: unknown): unknown {
  if (typeof field !== 'object' || field === null) return field
  const properties = Object.entries(field).filter(([name, value]) => name !== 'doc' && value !== undefined)
  return sorted(properties.map(([name, value]) => [name, name === 'type' ? schemaForm(value) : sortedDeep(value)]))
}

function sortedDeep(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortedDeep)
  if (typeof json !== 'object' || json === null) return json
  return sorted(Object.entries(json).map(([name, value]) => [name, sortedDeep(value)]))
}

/** As a list of pairs: an object would put `1` before `a` and lose `__proto__`. */
const sorted = (properties: [string, unknown][]): unknown => ['{', ...properties.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))]
