// Generated from tree.avsc by `millrace types`; edit that file and run it again.
export interface Tree {
  age: number
  branches: Tree[]
  parent: Tree | null
  __proto__: Record<string, string>
}

/** As in tree.avsc. */
export const TreeSchema = {
  type: 'record',
  name: 'garden.Tree',
  fields: [
    { name: 'age', type: 'int' },
    { name: 'branches', type: { type: 'array', items: 'garden.Tree' } },
    { name: 'parent', type: ['null', 'Tree'], default: null },
    { name: '__proto__', type: { type: 'map', values: 'string' }, default: { ['__proto__']: 'it\'s "data"' } },
  ],
} as const
