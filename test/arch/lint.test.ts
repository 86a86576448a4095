import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { ROOT } from './house-files.ts'

// Snippets belong to no file that the type checker knows: rules that need types are proven by their configuration below.
const eslint = new ESLint({ cwd: ROOT, overrideConfig: [tseslint.configs.disableTypeChecked as never] })

const rulesBrokenBy = async (code: string, filePath: string): Promise<readonly string[]> => {
  const [result] = await eslint.lintText(`${code}\n`, { filePath })
  return result!.messages.map(m => m.ruleId ?? m.message)
}

/** One statement each; the rule that must refuse it inside the house. */
const REACHES_OUT: readonly (readonly [code: string, rule: string])[] = [
  ['export const x = Date.now()', 'no-restricted-properties'],
  ['export const { now } = Date', 'no-restricted-properties'],
  ['export const x = new Date()', 'no-restricted-syntax'],
  ['export const x = Date()', 'no-restricted-syntax'],
  ['export const x = performance.now()', 'no-restricted-properties'],
  ['export const x = process.hrtime.bigint()', 'no-restricted-properties'],
  ['setTimeout(() => {}, 1)', 'no-restricted-globals'],
  ['setInterval(() => {}, 1)', 'no-restricted-globals'],
  ['setImmediate(() => {})', 'no-restricted-globals'],
  ['globalThis.setTimeout(() => {}, 1)', 'no-restricted-properties'],
  ["import { setTimeout as wait } from 'node:timers/promises'\nexport { wait }", 'no-restricted-imports'],
  ["import { performance as p } from 'node:perf_hooks'\nexport { p }", 'no-restricted-imports'],
  ['export const x = Math.random()', 'no-restricted-properties'],
  ['export const x = crypto.randomUUID()', 'no-restricted-properties'],
  ["import { randomUUID } from 'node:crypto'\nexport { randomUUID }", 'no-restricted-imports'],
  ["import * as crypto from 'node:crypto'\nexport { crypto }", 'no-restricted-imports'],
  ["export const x = process.env['HOME']", 'no-restricted-properties'],
  ['export const { env } = process', 'no-restricted-properties'],
  ["import { env } from 'node:process'\nexport { env }", 'no-restricted-imports'],
]
const INSIDE = [
  'lib/engine/x.ts',
  'lib/stages/x.ts',
  'lib/testing/simulation/x.ts',
  'lib/cli/x.ts',
  'processors/orders/x.ts',
  'schemas/orders/x.ts',
]
const OUTSIDE = ['lib/adapters/embedded/x.ts', 'lib/config/x.ts', 'lib/testing/conformance/x.ts', 'app/x.ts', 'test/x.ts', 'bench/x.ts']

for (const [code, rule] of REACHES_OUT) {
  test(`inside the house ${code.split('\n')[0]} is refused, at its edges it is not`, async () => {
    for (const path of INSIDE) assert.deepEqual(await rulesBrokenBy(code, path), [rule], path)
    for (const path of OUTSIDE) assert.deepEqual(await rulesBrokenBy(code, path), [], path)
  })
}

test('what only looks like a clock passes: dates of given times, hashes, the Clock port', async () => {
  for (const code of [
    'export const x = new Date(0)',
    "import { createHash } from 'node:crypto'\nexport { createHash }",
    'export const f = (clock: { now(): number }): number => clock.now()',
  ])
    assert.deepEqual(await rulesBrokenBy(code, 'lib/engine/x.ts'), [], code)
})

const TIME_OPERATORS =
  'asyncScheduler asapScheduler auditTime bufferTime debounceTime delay interval sampleTime throttleTime timeInterval timeout timer timestamp windowTime'

test('RxJS operators that keep time are refused in all of lib and in processors, also in adapters', async () => {
  for (const path of ['lib/engine/x.ts', 'lib/stages/x.ts', 'lib/adapters/embedded/x.ts', 'processors/orders/x.ts']) {
    for (const operator of TIME_OPERATORS.split(' ')) {
      assert.deepEqual(
        await rulesBrokenBy(`import { ${operator} as op } from 'rxjs'\nexport { op }`, path),
        ['no-restricted-imports'],
        operator,
      )
    }
    assert.deepEqual(await rulesBrokenBy("import { map } from 'rxjs/operators'\nexport { map }", path), ['no-restricted-imports'])
    assert.deepEqual(await rulesBrokenBy("import * as rx from 'rxjs'\nexport { rx }", path), ['no-restricted-imports'])
    assert.deepEqual(await rulesBrokenBy("import { concatMap, map } from 'rxjs'\nexport { concatMap, map }", path), [])
  }
})

test('a declaration with a vague name is refused, a use of one is not', async () => {
  for (const code of [
    'export const stringUtils = 1',
    'export function helper() {}',
    'export class TaskManager {}',
    'export const f = (misc: number): number => misc',
    "import * as common from './x.ts'\nexport { common }",
  ])
    assert.deepEqual(await rulesBrokenBy(code, 'lib/engine/x.ts'), ['millrace/vague-names'], code)
  assert.deepEqual(await rulesBrokenBy("import { inspect } from 'node:util'\nexport const show = inspect", 'lib/engine/x.ts'), [])
})

test('a file of more than 400 lines is refused unless it is generated', async () => {
  const code = 'export {}\n'.repeat(401).trim()
  assert.deepEqual(await rulesBrokenBy(code, 'lib/engine/x.ts'), ['max-lines'])
  assert.deepEqual(await rulesBrokenBy(code, 'test/engine/x.test.ts'), ['max-lines'])
  assert.deepEqual(await rulesBrokenBy(code, 'schemas/orders/x.generated.ts'), [])
})

test('promises and switches are checked with types wherever we write TypeScript', async () => {
  const real = new ESLint({ cwd: ROOT })
  const rules = ['no-floating-promises', 'no-misused-promises', 'await-thenable', 'switch-exhaustiveness-check']
  for (const path of ['lib/engine/x.ts', 'app/x.ts', 'processors/orders/x.ts', 'schemas/orders/x.ts', 'test/x.test.ts', 'bench/x.ts']) {
    const config = (await real.calculateConfigForFile(path)) as { rules: Record<string, readonly [number]> }
    for (const rule of rules) assert.equal(config.rules[`@typescript-eslint/${rule}`]?.[0], 2, `${rule} in ${path}`)
  }
})
