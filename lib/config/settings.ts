// Every setting there is, once: its name on the command line, in the environment and in .env, its default, and what it may be.
import { MillraceError } from '../model/errors.ts'

export interface Setting<V> {
  /** The option on the command line, with what it takes: `--rate <n>`. */
  readonly option: string
  /** The variable in the environment or in .env. */
  readonly variable: string
  readonly fallback: V
  /** For the help: what it is and its default. */
  readonly means: string
  /** What it takes, for the message. */
  readonly takes: string
  /** The value of a text, or undefined when it is none. */
  readonly read: (text: string) => V | undefined
}

const setting = <V>(s: Setting<V>): Setting<V> => Object.freeze(s)

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number | undefined =>
    /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined
const number =
  (least: number, most: number) =>
  (text: string): number | undefined =>
    /^(\d+([.]\d*)?|[.]\d+)$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined
const oneOf =
  <W extends string>(...words: readonly W[]) =>
  (text: string): W | undefined =>
    words.find(w => w === text)

export const SETTINGS = {
  data: setting<string>({
    option: '--data <dir>',
    variable: 'MILLRACE_DATA',
    fallback: '.millrace',
    means: 'data directory (default: .millrace)',
    takes: 'the path of a directory',
    read: text => (text.trim() === '' || text.includes('\0') ? undefined : text),
  }),
  app: setting<string>({
    option: '--app <name>',
    variable: 'MILLRACE_APP',
    fallback: 'millrace',
    means: 'prefix of internal topics and ids (default: millrace)',
    takes: "lower case letters, digits and '-', at most 50, a letter first",
    read: text => (/^[a-z][a-z0-9-]{0,49}$/.test(text) ? text : undefined),
  }),
  partitions: setting<number | null>({
    option: '--partitions <n>',
    variable: 'MILLRACE_PARTITIONS',
    fallback: null,
    means: 'partitions of new topics (default: 4); fixed when the directory is made',
    takes: 'a whole number from 1 to 1000',
    read: wholeNumber(1, 1000),
  }),
  rate: setting<number>({
    option: '--rate <n>',
    variable: 'MILLRACE_RATE',
    fallback: 20,
    means: 'generated events per second, mean over a day (default: 20)',
    takes: 'a number from 0.01 to 100000',
    read: number(0.01, 100_000),
  }),
  seed: setting<number>({
    option: '--seed <n>',
    variable: 'MILLRACE_SEED',
    fallback: 1,
    means: 'which of the generated worlds (default: 1)',
    takes: 'a whole number from 0 to 4294967295',
    read: wholeNumber(0, 0xffffffff),
  }),
  http: setting<number | null>({
    option: '--http <port>',
    variable: 'MILLRACE_HTTP_PORT',
    fallback: null,
    means: 'serve /health/live, /health/ready and /metrics on 127.0.0.1',
    takes: 'a port from 1 to 65535, or 0 for any free one',
    read: wholeNumber(0, 65_535),
  }),
  logLevel: setting<'error' | 'warn' | 'info' | 'debug' | 'silent'>({
    option: '--log-level <level>',
    variable: 'MILLRACE_LOG_LEVEL',
    fallback: 'info',
    means: 'least level of log lines: error, warn, info, debug, silent (default: info)',
    takes: 'error, warn, info, debug or silent',
    read: oneOf('error', 'warn', 'info', 'debug', 'silent'),
  }),
}

export type SettingName = keyof typeof SETTINGS
type Value<S> = S extends Setting<infer V> ? V : never
export type Settings = { readonly [N in SettingName]: Value<(typeof SETTINGS)[N]> }

/** Variables that are ours and no setting. */
export const OTHER_VARIABLES: readonly string[] = ['MILLRACE_DEBUG', 'MILLRACE_RELAUNCHED_BY']

/**
 * Variables of the cluster mode, which this version does not have: said, not passed over, because somebody who sets them expects their records in Kafka.
 * Their values may be secrets and are never printed.
 */
export const CLUSTER_VARIABLES = [
  'KAFKA_BOOTSTRAP_SERVERS',
  'SCHEMA_REGISTRY_URL',
  'REDIS_URL',
  'POSTGRES_HOST',
  'POSTGRES_PORT',
  'POSTGRES_DB',
  'POSTGRES_USER',
  'POSTGRES_PASSWORD',
] as const

/** Everything that is wrong with the settings, in one error. */
export const wrongSettings = (problems: readonly string[]): MillraceError =>
  new MillraceError(
    'OPTION_INVALID',
    problems.length === 1 ? problems[0]! : `${problems.length} settings are wrong:\n${problems.map(p => `  - ${p}`).join('\n')}`,
  )
