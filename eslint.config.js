import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { injectedWorld, timelessRx } from './lint/injected-world.ts'
import { vagueNames } from './lint/vague-names.ts'

/** Time, chance and the environment come through ports and lib/config here (architecture: the simulation decides them). */
const INSIDE = ['lib/**', 'processors/**', 'schemas/**', 'gateway/**']
/** The edges of it: real clocks, timers and settings are their business. A conformance suite is a test that is shipped. */
const EDGES = ['lib/adapters/**', 'lib/config/**', 'lib/testing/conformance/**']

/** node:test registers what these are given and awaits it itself. */
const AWAITED_BY_THE_RUNNER = ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach']

export default defineConfig(
  globalIgnores(['**/dist/**', '**/.millrace/**', '**/coverage/**']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,js,mjs}'],
    extends: [tseslint.configs.recommended],
    plugins: { millrace: { rules: { 'vague-names': vagueNames } } },
    rules: {
      'millrace/vague-names': 'error',
      'max-lines': ['error', { max: 400 }],
      eqeqeq: 'error',
      'no-debugger': 'error',
      'no-throw-literal': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-unsafe-finally': 'error',
      '@typescript-eslint/no-this-alias': 'off', // a frozen flow hands itself to closures; arrow functions are not always what is wanted
      '@typescript-eslint/no-unused-vars': 'off', // tsc says it: noUnusedLocals, noUnusedParameters
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    },
  },
  {
    files: ['{lib,app,processors,schemas,test,bench}/**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: AWAITED_BY_THE_RUNNER }] },
      ],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  { files: INSIDE, rules: injectedWorld },
  {
    files: EDGES,
    rules: { 'no-restricted-properties': 'off', 'no-restricted-globals': 'off', 'no-restricted-syntax': 'off', ...timelessRx },
  },
  // Compile-time tests write misuses down.
  { files: ['test/types/**'], rules: { '@typescript-eslint/ban-ts-comment': 'off', '@typescript-eslint/no-unused-expressions': 'off' } },
  { files: ['**/*.generated.ts'], rules: { 'max-lines': 'off' } },
)
