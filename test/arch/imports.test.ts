import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'
import { cruising, forbidden } from '../../lint/rooms.ts'
import { ROOT } from './house-files.ts'
import { FREE_ROOMS, ROOMS } from './house-imports.ts'

const HOUSE = ['lib', 'app', 'schemas', 'processors', 'gateway', 'console', 'load-test', 'bench', 'test']

/** Every broken rule as `from → to: rule`, in order. */
async function violations(baseDir: string, folders: readonly string[]): Promise<readonly string[]> {
  const { output } = await cruise([...folders], { ...cruising, baseDir, validate: true, ruleSet: { forbidden } } as ICruiseOptions)
  const { summary, modules } = output as ICruiseResult
  assert.ok(modules.length > 0, 'nothing was cruised')
  return summary.violations.map(v => `${v.from} → ${v.to}: ${v.rule.name}`).sort()
}

/** A tree of given files in a temporary folder, cruised and removed. */
async function violationsIn(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const tree = mkdtempSync(join(tmpdir(), 'millrace-imports-'))
  try {
    for (const [path, content] of Object.entries({ 'package.json': '{ "name": "millrace", "type": "module" }', ...files })) {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), content)
    }
    return await violations(
      tree,
      HOUSE.filter(folder => existsSync(join(tree, folder))),
    )
  } finally {
    rmSync(tree, { recursive: true })
  }
}

const importing = (from: string, to: string): string => {
  const path = relative(dirname(from), to)
  return `import type { X } from '${path.startsWith('.') ? path : `./${path}`}'\nexport type Y = X\n`
}

test('the house follows its import rules', async () => {
  const found = await violations(
    ROOT,
    HOUSE.filter(folder => existsSync(join(ROOT, folder))),
  )
  assert.deepEqual(found, [])
})

test('every import between two rooms is refused or allowed exactly as the architecture says', async () => {
  const every = { ...ROOMS, ...Object.fromEntries(Object.entries(FREE_ROOMS).map(([room, file]) => [room, { file, may: null }])) }
  const files: Record<string, string> = {}
  const mustFail = new Set<string>()
  for (const { file } of Object.values(every)) files[file] = 'export type X = 1\n'
  for (const [room, { file, may }] of Object.entries(every)) {
    for (const [other, { file: target }] of Object.entries(every)) {
      if (other === room) continue
      const isDoor = ['index', 'testing-door', 'embedded-door'].includes(room)
      // A door is one file: its imports cannot be spread over several.
      if (isDoor) continue
      const probe = file.replace(/[.]ts$/, `-to-${other}.ts`)
      files[probe] = importing(probe, target)
      if (may !== null && !may.includes(other)) mustFail.add(`${probe} → ${target}`)
    }
  }
  const found = (await violationsIn(files)).map(v => v.replace(/: .*/, ''))
  assert.deepEqual(
    { forbiddenButPassed: [...mustFail].filter(v => !found.includes(v)), allowedButRefused: found.filter(v => !mustFail.has(v)) },
    { forbiddenButPassed: [], allowedButRefused: [] },
  )
})

for (const door of ['index', 'testing-door', 'embedded-door']) {
  test(`the door ${ROOMS[door]!.file} opens only the rooms that it is meant to open`, async () => {
    const { file, may } = ROOMS[door]!
    const others = Object.entries(ROOMS).filter(([room]) => room !== door)
    for (const [room, { file: target }] of others) {
      const found = await violationsIn({ [target]: 'export type X = 1\n', [file]: importing(file, target) })
      assert.deepEqual(found.length, may.includes(room) ? 0 : 1, `${file} → ${target}: ${found.join()}`)
    }
  })
}

test('a room may import its own files, also from folder to folder', async () => {
  const found = await violationsIn({
    'lib/stages/window/due.ts': importing('lib/stages/window/due.ts', 'lib/stages/folds/sum.ts'),
    'lib/stages/folds/sum.ts': 'export type X = 1\n',
    'lib/adapters/embedded/segment.ts': importing('lib/adapters/embedded/segment.ts', 'lib/adapters/embedded/log.ts'),
    'lib/adapters/embedded/log.ts': 'export type X = 1\n',
  })
  assert.deepEqual(found, [])
})

test('a cycle is refused, also one of types', async () => {
  const found = await violationsIn({
    'lib/model/a.ts': importing('lib/model/a.ts', 'lib/model/b.ts') + 'export type X = 1\n',
    'lib/model/b.ts': importing('lib/model/b.ts', 'lib/model/a.ts') + 'export type X = 1\n',
  })
  assert.ok(found.includes('lib/model/a.ts → lib/model/b.ts: no-cycles'), found.join('\n'))
})

test('an import of nothing, a package in lib/model, an undeclared package and kafkajs outside its folder are refused', async () => {
  const packages = (...names: string[]): Record<string, string> =>
    Object.fromEntries(
      names.flatMap(name => [
        [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
        [`node_modules/${name}/index.js`, 'module.exports = 1\n'],
      ]),
    )
  const found = await violationsIn({
    'package.json': JSON.stringify({
      name: 'millrace',
      type: 'module',
      dependencies: { kafkajs: '1.0.0', rxjs: '1.0.0' },
      devDependencies: { eslint: '1.0.0' },
    }),
    ...packages('kafkajs', 'rxjs', 'eslint'),
    'lib/model/word.ts': `import 'rxjs'\n`,
    'lib/engine/task.ts': `import './gone.ts'\nimport 'kafkajs'\nimport 'eslint'\nimport 'rxjs'\nimport 'node:fs'\n`,
    'lib/adapters/kafka/fetch.ts': `import 'kafkajs'\n`,
  })
  assert.deepEqual(found, [
    'lib/engine/task.ts → ./gone.ts: only-what-exists',
    'lib/engine/task.ts → node_modules/eslint/index.js: declared-packages',
    'lib/engine/task.ts → node_modules/kafkajs/index.js: kafkajs-in-one-place',
    'lib/model/word.ts → node_modules/rxjs/index.js: model-without-packages',
  ])
})

test('imports by #lib/… are seen as what they are', async () => {
  const found = await violationsIn({
    'package.json': JSON.stringify({ name: 'millrace', type: 'module', imports: { '#lib/*': './lib/*', '#schemas/*': './schemas/*' } }),
    'lib/index.ts': 'export type X = 1\n',
    'lib/engine/turn.ts': 'export type X = 1\n',
    'schemas/orders/topics.ts': `import type { X } from '#lib/index.ts'\nexport type Y = X\n`,
    'processors/orders/good.ts': `import type { X } from '#lib/index.ts'\nimport type { Y } from '#schemas/orders/topics.ts'\nexport type Z = X | Y\n`,
    'processors/orders/bad.ts': `import type { X } from '#lib/engine/turn.ts'\nexport type Z = X\n`,
  })
  assert.deepEqual(found, ['processors/orders/bad.ts → lib/engine/turn.ts: processors'])
})
