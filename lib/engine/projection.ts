// Which top-level fields of a source's values a pipeline reads, found in the source text of the author's own functions, so that only those are
// decoded. Sound, not complete: whatever the analysis does not understand (a value passed on, spread, aliased; native or bound functions) reads the whole value.
import { type AnyNode, parseExpressionAt } from 'acorn'
import type { Plan } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { forwardsBytes } from './forwarding.ts'

export type Fields = ReadonlySet<string> | 'whole'
type Analysed = (...a: never[]) => unknown

/** What was found: a task that is opened again reads the same functions. */
const known = new WeakMap<Analysed, Map<number, Fields>>()

/** The fields that `f` reads of one of its arguments. */
export function fieldsReadBy(f: Analysed, argument = 0): Fields {
  let found = known.get(f)
  if (found === undefined) known.set(f, (found = new Map()))
  let fields = found.get(argument)
  if (fields === undefined) found.set(argument, (fields = analysed(f, argument)))
  return fields
}

function analysed(f: Analysed, argument: number): Fields {
  const tree = parsed(Function.prototype.toString.call(f))
  if (tree === null || tree.params.slice(0, argument).some(p => p.type === 'RestElement')) return 'whole'
  const first = tree.params[argument]
  if (first === undefined) return usesArguments(tree.body) ? 'whole' : new Set()
  if (first.type === 'ObjectPattern') {
    const fields = new Set<string>()
    for (const p of first.properties) {
      if (p.type !== 'Property' || p.computed) return 'whole'
      fields.add(p.key.type === 'Identifier' ? p.key.name : String((p.key as { value?: unknown }).value))
    }
    return usesArguments(tree.body) ? 'whole' : fields
  }
  if (first.type !== 'Identifier') return 'whole'
  const fields = new Set<string>()
  const others = tree.params.filter(p => p !== first)
  const understood = [...others, tree.body].every(node => collect(node, first.name, fields))
  return understood ? fields : 'whole'
}

interface FunctionNode {
  readonly params: readonly (AnyNode & { type: string })[]
  readonly body: AnyNode
}

function parsed(text: string): (FunctionNode & { params: readonly AnyNode[] }) | null {
  for (const candidate of [text, `function ${text}`]) {
    try {
      const node = parseExpressionAt(candidate, 0, { ecmaVersion: 'latest' })
      if (node.end < candidate.trimEnd().length) continue
      if (node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression')
        return node as unknown as FunctionNode & { params: readonly AnyNode[] }
    } catch {
      // not of this form: native code, class members, or syntax beyond the parser
    }
  }
  return null
}

/** Walks a tree; false as soon as `name` is used in any other way than `name.field`. Inner bindings of the same name only make it say more. */
function collect(node: unknown, name: string, fields: Set<string>): boolean {
  if (node === null || typeof node !== 'object') return true
  if (Array.isArray(node)) return node.every(each => collect(each, name, fields))
  const n = node as Record<string, unknown> & { type?: string }
  if (typeof n.type !== 'string') return true
  switch (n.type) {
    case 'MemberExpression': {
      const object = n['object'] as { type: string; name?: string }
      if (object.type === 'Identifier' && object.name === name) {
        const property = n['property'] as { type: string; name?: string; value?: unknown }
        if (n['computed'] === true) {
          if (property.type !== 'Literal' || typeof property.value !== 'string') return false
          fields.add(property.value)
        } else if (property.type === 'Identifier') fields.add(property.name!)
        else return false
        return true
      }
      return collect(object, name, fields) && (n['computed'] !== true || collect(n['property'], name, fields))
    }
    case 'CallExpression': {
      // value.method() sees the whole value as `this`
      const callee = n['callee'] as { type: string; object?: { type: string; name?: string } }
      if (callee.type === 'MemberExpression' && callee.object?.type === 'Identifier' && callee.object.name === name) return false
      break
    }
    case 'VariableDeclarator': {
      // const { a, b } = value
      const id = n['id'] as {
        type: string
        properties?: readonly { type: string; computed?: boolean; key: { type: string; name?: string } }[]
      }
      const init = n['init'] as { type: string; name?: string } | null
      if (init?.type === 'Identifier' && init.name === name && id.type === 'ObjectPattern') {
        for (const p of id.properties!) {
          if (p.type !== 'Property' || p.computed === true || p.key.type !== 'Identifier') return false
          fields.add(p.key.name!)
        }
        return true
      }
      break
    }
    case 'Property':
      if (n['shorthand'] === true && n['computed'] !== true) return collect(n['value'], name, fields)
      return (n['computed'] !== true || collect(n['key'], name, fields)) && collect(n['value'], name, fields)
    case 'Identifier':
      return n['name'] !== name && n['name'] !== 'arguments' && n['name'] !== 'eval'
    case 'Literal':
    case 'TemplateElement':
      return true
  }
  for (const key of Object.keys(n)) if (key !== 'type' && key !== 'start' && key !== 'end' && !collect(n[key], name, fields)) return false
  return true
}

const usesArguments = (body: unknown): boolean => !collect(body, 'arguments', new Set())

/** The fields of a source's values that anything behind it reads; key and time fields come on top. */
export function fieldsRead(plan: Plan, source: PlanNode): Fields {
  const fields = new Set<string>()
  const reached = new Set<PlanNode>([source])
  for (const node of plan.nodes) {
    if (!node.inputs.some(i => reached.has(i))) continue
    const { by, passes } = node.spec.reads
    if (by === 'whole' || node.spec.forwards?.some(target => !forwardsBytes(node, target))) return 'whole'
    for (const reading of by) {
      const read = typeof reading === 'function' ? fieldsReadBy(reading) : fieldsReadBy(reading.f, reading.argument)
      if (read === 'whole') return 'whole'
      for (const field of read) fields.add(field)
    }
    if (passes === 'same') reached.add(node)
  }
  return fields
}

/** As fieldsRead, for several sources of one input. */
export function fieldsReadByAny(plan: Plan, sources: readonly PlanNode[]): Fields {
  const fields = new Set<string>()
  for (const source of sources) {
    const read = fieldsRead(plan, source)
    if (read === 'whole') return 'whole'
    for (const field of read) fields.add(field)
  }
  return fields
}
