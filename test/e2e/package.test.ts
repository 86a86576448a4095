// What is packed works where it is installed: an empty project, nothing of this checkout in reach but the type checker.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { filesBelow, ROOT } from '../arch/house-files.ts'
import { examples } from '../docs/examples.ts'

const MINUTES = 60_000
const place = mkdtempSync(join(tmpdir(), 'millrace-package-'))
const project = join(place, 'project')
const installed = join(project, 'node_modules', 'millrace')
after(() => rmSync(place, { recursive: true }))

/** npm tells its children about the project that it runs for; ours is another one. What the user configured stays. Programs find this Node. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_/i.test(name) || /^npm_config_(cache|registry|userconfig|globalconfig|.*proxy|cafile)$/i.test(name),
    ),
  ),
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
}

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error?.message ?? `exit ${status}`}\n${stdout}${stderr}`)
  return stdout
}

const WORDS = `
import { decimal, isMillraceError, json, minutes, topic, type Decimal } from 'millrace'

const prices = topic('prices', { key: 'product', time: 'at', value: json(value => value as { product: string; at: number }) })
const total: Decimal<2> = decimal(12.345, 2)
let code = 'none'
try {
  minutes(-1)
} catch (error) {
  if (isMillraceError(error)) code = error.code
}
console.log(JSON.stringify([prices.name, String(total), minutes(5), code]))
`

/** Imports every module of the package, as Node resolves it there. What is started as a worker would run: only its imports are looked up. */
const EVERY_MODULE = `
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
const dist = join(import.meta.dirname, 'node_modules/millrace/dist')
const modules = readdirSync(dist, { recursive: true }).filter(path => path.endsWith('.js')).map(path => join(dist, path))
for (const path of modules) {
  if (!path.endsWith('-worker.js')) await import(path)
  else for (const [, name] of readFileSync(path, 'utf8').matchAll(/^(?:import|export) .*?from ['"](.+?)['"]/gm)) {
    if (name.startsWith('.') ? !existsSync(join(dirname(path), name)) : !isBuiltin(name) && !createRequire(path).resolve(name)) throw new Error(path + ' imports ' + name)
  }
}
console.log(modules.length)
`

/** With the rxjs that npm has put beside the package. */
const EMBEDDED = `
import { from, fromObservable, integer, json, processor, scan, table, text, topic, upsert } from 'millrace'
import { embedded } from 'millrace/embedded'
import { of } from 'rxjs'
const sales = fromObservable('sales', of({ shop: 'ann', n: 2 }, { shop: 'ann', n: 3 }), {
  value: json(value => value), key: 'shop', time: 'record-timestamp',
})
const sums = topic('sums', { value: json(value => value), key: 'shop', time: 'record-timestamp' })
const latest = table('latest', { columns: { shop: text, n: integer, revision: integer }, key: ['shop'], revision: 'revision' })
const summing = processor('summing', from(sales).pipe(scan('sum', {
  version: 1, ttl: null, initial: () => ({ n: 0, revision: 0 }),
  next: (sum, sale) => {
    const state = { n: sum.n + sale.n, revision: sum.revision + 1 }
    return { state, emit: [{ shop: sale.shop, ...state }] }
  },
})).to(sums))
const loading = processor('loading', from(sums).to(upsert(latest, row => row)))
const millrace = await embedded({ directory: 'embedded-data', processors: [summing, loading] })
millrace.observe(sums, { from: 'earliest' }).subscribe(({ value }) => console.log('observed', value.shop, value.n))
await millrace.drain()
const { rows } = await millrace.query('SELECT shop, n FROM latest')
await millrace.stop()
console.log('rows', rows.join())
`

const INVOICES = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
700001,A1,A GREEN CUP,3,2011-03-01 10:00:00,3.35,41.0,Norway
700001,B2,A SPOON,2,2011-03-01 10:00:00,0.05,41.0,Norway
700002,B2,A SPOON,1,2011-03-01 10:07:00,0.1,,Norway
`

describe('the packed package, installed into an empty project', { timeout: 10 * MINUTES }, () => {
  before(() => {
    run(ROOT, 'npm', 'pack', '--pack-destination', place)
    const [tarball, ...others] = readdirSync(place).filter(name => name.endsWith('.tgz'))
    assert.ok(tarball !== undefined && others.length === 0)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }')
    run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', join(place, tarball))
  })

  test('it holds code, declarations, data and its papers, and neither sources nor tests', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).map(path => path.replaceAll('\\', '/'))
    for (const path of [
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'app/millrace.mjs',
      'dist/lib/index.js',
      'dist/lib/index.d.ts',
      'dist/app/main.js',
    ])
      assert.ok(files.includes(path), path)
    const unwanted = files.filter(
      path => /^(lib|test|bench|lint|packaging|docs|sql)(\/|$)/.test(path) || (path.endsWith('.ts') && !path.endsWith('.d.ts')),
    )
    assert.deepEqual(unwanted, [])
    const read = ['lib', 'app', 'schemas', 'processors', 'sql'].filter(folder => existsSync(join(ROOT, folder))).flatMap(filesBelow)
    const data = read.filter(path => !/[.](ts|mjs|md)$/.test(path))
    assert.deepEqual(
      data.filter(path => !files.includes(`dist/${path}`)),
      [],
      'read at run time, but not packed',
    )
  })

  test("a program with its words and the README's first processor type-check against its declarations", () => {
    const example = examples().find(({ name }) => name === 'first-processor')
    assert.ok(example !== undefined, 'README.md has no block `ts run name=first-processor`')
    writeFileSync(join(project, 'words.ts'), WORDS)
    writeFileSync(join(project, 'first-processor.ts'), example.code)
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          ...{
            target: 'es2024',
            module: 'nodenext',
            strict: true,
            noEmit: true,
            erasableSyntaxOnly: true,
            exactOptionalPropertyTypes: true,
          },
          ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
        },
        include: ['*.ts'],
      }),
    )
    run(project, process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')
  })

  test('both run', () => {
    assert.deepEqual(JSON.parse(run(project, process.execPath, 'words.ts')), ['prices', '12.35', 300_000, 'DURATION_INVALID'])
    assert.match(run(project, process.execPath, 'first-processor.ts'), /ada 2 0\.3000\s+bob 1 19\.9000/)
  })

  test('every module of it can be imported: all paths were rewritten, all its dependencies are declared', () => {
    writeFileSync(join(project, 'every-module.mjs'), EVERY_MODULE)
    assert.ok(Number(run(project, process.execPath, 'every-module.mjs')) > 20)
  })

  test('the second door opens as well', () => {
    writeFileSync(
      join(project, 'testing.mjs'),
      "import * as testing from 'millrace/testing'\nconsole.log(typeof testing.recordLogConformance)\n",
    )
    assert.equal(run(project, process.execPath, 'testing.mjs').trim(), 'function')
  })

  test('the third door opens: a program with processors of its own, a table that nobody made, and an Observable as a source', () => {
    writeFileSync(join(project, 'embedded.mjs'), EMBEDDED)
    assert.deepEqual(run(project, process.execPath, 'embedded.mjs').trim().split(/\r?\n/), [
      'observed ann 2',
      'observed ann 5',
      'rows ann,5',
    ])
  })

  test('`npx millrace` starts it', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    assert.equal(run(project, 'npx', '--no', '--', 'millrace', '--version').trim(), version)
  })

  test('the installed program drives a file through a whole system into tables that it can be asked about', () => {
    writeFileSync(join(project, 'invoices.csv'), INVOICES)
    const millrace = (...args: readonly string[]): string => run(project, 'npx', '--no', '--', 'millrace', ...args, '--data', 'data')
    millrace('run', 'orders', '--input', 'invoices.csv', '--as', 'online-retail', '--drain')
    const asked = millrace('query', 'SELECT order_id, user_id, units, total FROM orders ORDER BY order_id', '--format', 'csv')
    assert.deepEqual(asked.trim().split(/\r?\n/), ['order_id,user_id,units,total', '700001,41,5,10.1500', '700002,guest,1,0.1000'])
  })
})
