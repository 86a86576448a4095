import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../arch/house-files.ts'
import { type Example, exampleFiles, examples, examplesIn, filesIn } from './examples.ts'

const all = examples()
const of = (kind: string): readonly Example[] => all.filter(example => example.kind === kind)
const place = (example: Example): string => `${example.document}:${example.line}`

/** A project in which `millrace` is this checkout, its sources taken as they are. */
let project = ''
before(() => {
  project = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
  const installed = join(project, 'node_modules', 'millrace')
  mkdirSync(installed, { recursive: true })
  writeFileSync(
    join(installed, 'package.json'),
    JSON.stringify({
      name: 'millrace',
      type: 'module',
      exports: { '.': './lib/index.ts', './embedded': './lib/embedded.ts', './testing': './lib/testing.ts' },
    }),
  )
  symlinkSync(join(ROOT, 'lib'), join(installed, 'lib'), 'dir')
  symlinkSync(join(ROOT, 'node_modules', 'rxjs'), join(project, 'node_modules', 'rxjs'), 'dir') // as npm puts a dependency beside it
  writeFileSync(join(project, 'package.json'), '{ "name": "examples", "private": true, "type": "module" }')
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')], noUnusedLocals: false },
      include: ['*.ts'],
    }),
  )
  for (const { name, content } of exampleFiles()) writeFileSync(join(project, name), content)
  for (const example of [...of('run'), ...of('check')]) writeFileSync(join(project, `${example.name}.ts`), `${example.code}\nexport {}\n`)
})
after(() => rmSync(project, { recursive: true }))

const node = (...args: readonly string[]): { status: number | null; output: string } => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env // an example that is a test speaks to people, not to the runner of this one
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { status, output: stdout + stderr }
}

test('every TypeScript block of the documents says whether it is run, checked, or a fragment and why', () => {
  assert.ok(all.length > 0, 'no examples found')
  for (const example of all) {
    if (example.kind === 'fragment') assert.ok(example.reason, `${place(example)}: a fragment needs reason="…"`)
    else {
      assert.ok(
        example.kind === 'run' || example.kind === 'check',
        `${place(example)}: 'ts run name=…', 'ts check name=…' or 'ts fragment reason="…"'`,
      )
      assert.match(example.name ?? '', /^[a-z0-9-]+$/, `${place(example)}: name=…`)
    }
  }
  const names = all.flatMap(example => example.name ?? [])
  assert.equal(new Set(names).size, names.length, 'two examples have one name')
})

test('the examples of the documents have no type errors', () => {
  const { status, output } = node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project)
  assert.equal(status, 0, output)
})

for (const example of of('run')) {
  test(`the example '${example.name}' of ${place(example)} runs, and prints what is said of it`, { timeout: 120_000 }, t => {
    const { status, output } = node(join(project, `${example.name}.ts`))
    assert.equal(status, 0, output)
    for (const line of example.prints) assert.ok(output.split('\n').includes(line), `${line} is not a line of\n${output}`)
    for (const line of output.trimEnd().split('\n')) t.diagnostic(line)
  })
}

for (const example of of('fragment')) {
  test(`the fragment of ${place(example)} is not run`, t => t.skip(example.reason))
}

test('a type error in an example would be seen', () => {
  const wrong = join(project, 'wrong')
  mkdirSync(wrong)
  writeFileSync(join(wrong, 'wrong.ts'), "import { minutes } from 'millrace'\nexport const text: string = minutes(5)\n")
  writeFileSync(join(wrong, 'tsconfig.json'), JSON.stringify({ extends: '../tsconfig.json', include: ['*.ts'] }))
  const { status, output } = node(join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', wrong)
  assert.notEqual(status, 0)
  assert.match(output, /wrong[.]ts\(2,14\): error TS2322/)
})

test('files that examples read are found by their names', () => {
  assert.deepEqual(filesIn(['```ndjson file=a.ndjson', '{}', '{"a":1}', '```', '```sh', 'ls', '```'].join('\n')), [
    { name: 'a.ndjson', content: '{}\n{"a":1}\n' },
  ])
})

test('blocks are found with their info, whatever stands in them', () => {
  const [run, bare, fragment, ...rest] = examplesIn(
    'x.md',
    [
      'text',
      '```ts run name=a',
      'const a = `',
      '```',
      '',
      'It prints a plan, then `one 1` and `two 2`.',
      '```sh',
      'ls',
      '```',
      '```typescript',
      'x',
      '```',
      '  ```js fragment reason="is old"',
      'y',
      '  ```',
    ].join('\n'),
  )
  assert.deepEqual([run?.kind, run?.name, run?.line, run?.code], ['run', 'a', 2, 'const a = `'])
  assert.deepEqual(run?.prints, ['one 1', 'two 2'])
  assert.deepEqual([bare?.kind, bare?.line, bare?.prints], [undefined, 10, []])
  assert.deepEqual([fragment?.kind, fragment?.reason, fragment?.code], ['fragment', 'is old', 'y'])
  assert.deepEqual(rest, [])
})
