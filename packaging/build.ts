// `npm run build`: JavaScript and declarations in dist/, beside them everything that is read at run time but is no code, and a
// package.json of its own that says what `#lib/…` means there.
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
/** Folders that are shipped: code is compiled (tsconfig.build.json), what the code reads is copied. */
const SHIPPED = ['lib', 'app', 'schemas', 'processors', 'sql']
/** Imports by which parts of the house name each other; relative ones are rewritten by the compiler. */
const NAMED = ['lib', 'schemas', 'processors']
/** "… will not be rewritten during emit because it is not a relative path": dist/package.json maps those. */
const NOT_REWRITTEN = 2877

function compile(): void {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.build.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: stopAt,
  })!
  const program = ts.createProgram(config.fileNames, config.options)
  const wrong = [...config.errors, ...ts.getPreEmitDiagnostics(program)].filter(({ code }) => code !== NOT_REWRITTEN)
  if (wrong.length > 0) stopAt(...wrong)
  const { diagnostics, emitSkipped } = program.emit()
  if (emitSkipped || diagnostics.length > 0) stopAt(...diagnostics)
}

function stopAt(...diagnostics: readonly ts.Diagnostic[]): never {
  console.error(
    ts.formatDiagnostics(diagnostics, { getCurrentDirectory: () => root, getNewLine: () => '\n', getCanonicalFileName: name => name }),
  )
  process.exit(1)
}

function copyWhatIsRead(): void {
  const isCompiledOrForReaders = (path: string): boolean => /[.](ts|mjs|md)$/.test(path)
  for (const folder of SHIPPED.filter(name => existsSync(join(root, name)))) {
    cpSync(join(root, folder), join(dist, folder), {
      recursive: true,
      filter: path => statSync(path).isDirectory() || !isCompiledOrForReaders(path),
    })
  }
}

function writeManifest(): void {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>
  const imports = Object.fromEntries(
    NAMED.flatMap(folder => [
      [`#${folder}/*.ts`, `./${folder}/*.js`],
      [`#${folder}/*`, `./${folder}/*`],
    ]),
  )
  writeFileSync(
    join(dist, 'package.json'),
    `${JSON.stringify({ name, version, license, private: true, type: 'module', imports }, null, 2)}\n`,
  )
}

rmSync(dist, { recursive: true, force: true })
compile()
copyWhatIsRead()
writeManifest()
console.log('built dist/')
