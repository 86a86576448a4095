import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { environment } from '#lib/config/environment.ts'
import { didYouMean, nearestWord } from '#lib/config/nearest-word.ts'
import { readSettings, type Sources } from '#lib/config/read-settings.ts'
import { CLUSTER_VARIABLES, type Setting, SETTINGS } from '#lib/config/settings.ts'
import { isMillraceError } from '#lib/model/errors.ts'

const from = (sources: Partial<Sources>) => readSettings({ commandLine: {}, environment: {}, dotenv: null, ...sources })

function refusal(sources: Partial<Sources>): string {
  try {
    from(sources)
  } catch (error) {
    assert.ok(isMillraceError(error) && error.code === 'OPTION_INVALID', String(error))
    return error.message
  }
  return assert.fail('nothing was refused')
}

test('without a word every setting has its default', () => {
  const settings = from({})
  for (const [name, { fallback }] of Object.entries(SETTINGS)) assert.equal(settings[name as keyof typeof settings], fallback, name)
})

test('every default is a value that the setting itself would take', () => {
  for (const { fallback, read, variable } of Object.values(SETTINGS) as Setting<unknown>[])
    if (fallback !== null) assert.equal(read(String(fallback)), fallback, variable)
})

test('the command line wins over the environment, that over .env, that over the default', () => {
  const dotenv = 'MILLRACE_RATE=3\nMILLRACE_SEED="4"\nOTHER=5\n'
  assert.deepEqual([from({ dotenv }).rate, from({ dotenv }).seed], [3, 4])
  assert.equal(from({ dotenv, environment: { MILLRACE_RATE: '2.5' } }).rate, 2.5)
  assert.equal(from({ dotenv, environment: { MILLRACE_RATE: '2.5' }, commandLine: { rate: '1' } }).rate, 1)
})

test('an empty variable counts as not set', () => {
  assert.equal(from({ environment: { MILLRACE_RATE: '' }, dotenv: 'MILLRACE_RATE=7' }).rate, 7)
})

test('everything that is wrong is said at once, each by the name under which it was set', () => {
  const message = refusal({
    commandLine: { rate: 'abc', data: '' },
    environment: { MILLRACE_PARTITIONS: '0', MILLRACE_HTTP_PORT: '99999' },
    dotenv: 'MILLRACE_LOG_LEVEL=loud\n',
  })
  assert.match(message, /^5 settings are wrong:\n/)
  assert.match(message, /- --rate is 'abc': it takes a number from 0.01 to 100000/)
  assert.match(message, /- --data is '': it takes the path of a directory/)
  assert.match(message, /- MILLRACE_PARTITIONS is '0': it takes a whole number from 1 to 1000/)
  assert.match(message, /- MILLRACE_HTTP_PORT is '99999'/)
  assert.match(message, /- MILLRACE_LOG_LEVEL in .env is 'loud': it takes error, warn, info, debug or silent/)
})

test('one wrong setting makes one sentence', () => {
  assert.equal(refusal({ commandLine: { seed: '-1' } }), "--seed is '-1': it takes a whole number from 0 to 4294967295")
})

test('numbers are taken as people write them, and nothing else', () => {
  for (const good of ['1', '0.5', '20', '100000', '.5', '3.']) assert.equal(from({ commandLine: { rate: good } }).rate, Number(good))
  for (const bad of ['0', '-1', '1e3', '0x10', ' 1', 'NaN', 'Infinity', '100000.1', '1,5', ''])
    assert.match(refusal({ commandLine: { rate: bad } }), /--rate is/, bad)
  for (const bad of ['1.0', '+1', '1e1', '1001', '٣']) assert.match(refusal({ commandLine: { partitions: bad } }), /--partitions is/, bad)
})

test('a misspelt variable is refused with the name that was meant, not passed over', () => {
  assert.equal(
    refusal({ environment: { MILLRACE_PARTITONS: '3' } }),
    "MILLRACE_PARTITONS is no setting. Did you mean 'MILLRACE_PARTITIONS'?",
  )
  assert.match(refusal({ dotenv: 'MILLRACE_DATTA=x' }), /^MILLRACE_DATTA in .env is no setting. Did you mean 'MILLRACE_DATA'\?$/)
  assert.doesNotThrow(() => from({ environment: { MILLRACE_DEBUG: '1', PATH: 'x' } }))
})

test('cluster settings are refused, because this version runs embedded only, and their values are never printed', () => {
  for (const variable of CLUSTER_VARIABLES) {
    for (const message of [refusal({ environment: { [variable]: 'hunter2' } }), refusal({ dotenv: `${variable}=hunter2` })]) {
      assert.match(message, new RegExp(`^${variable}: this version runs embedded only`))
      assert.doesNotMatch(message, /hunter2/)
    }
  }
  assert.match(refusal({ environment: { REDIS_URL: 'a', POSTGRES_PASSWORD: 'b' } }), /^REDIS_URL, POSTGRES_PASSWORD: .* unset them/)
})

test('a nearest word is at most two fifths of its letters away', () => {
  const words = ['start', 'run', 'query', 'state']
  assert.equal(nearestWord('strat', words), 'start')
  assert.equal(nearestWord('QUERRY', words), 'query')
  assert.equal(nearestWord('rum', words), 'run')
  assert.equal(nearestWord('frobnicate', words), null)
  assert.equal(didYouMean('strat', words), " Did you mean 'start'?")
  assert.equal(didYouMean('frobnicate', words), '')
})

test('the environment says how errors and colours are wanted, and brings .env along', t => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-env-'))
  t.after(() => rmSync(directory, { recursive: true }))
  assert.deepEqual(environment(directory, {}), { variables: {}, dotenv: null, errors: 'message', colours: 'allowed' })
  writeFileSync(join(directory, '.env'), 'MILLRACE_RATE=3\n')
  assert.equal(environment(directory, {}).dotenv, 'MILLRACE_RATE=3\n')
  assert.equal(environment(directory, { MILLRACE_DEBUG: '1' }).errors, 'with stack')
  assert.equal(environment(directory, { MILLRACE_DEBUG: '0' }).errors, 'message')
  assert.equal(environment(directory, { NO_COLOR: '1' }).colours, 'none')
  assert.equal(environment(directory, { NO_COLOR: '' }).colours, 'allowed')
  assert.equal(environment(directory, { TERM: 'dumb' }).colours, 'none')
})

test('a .env that cannot be read is refused, not passed over', t => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-env-'))
  t.after(() => rmSync(directory, { recursive: true }))
  mkdirSync(join(directory, '.env'))
  assert.throws(() => environment(directory, {}), { code: 'OPTION_INVALID', message: /[.]env cannot be read/ })
})
