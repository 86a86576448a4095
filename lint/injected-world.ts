// Time, chance and the environment reach the code through ports (lib/ports/clock.ts, lib/ports/random.ts) and lib/config, so that a
// simulation can decide all of them. These rule settings refuse every direct way; eslint.config.js says where they hold.

const CLOCK = 'Take time and waiting from the Clock port (lib/ports/clock.ts): simulation decides what time it is (S2.4).'
const CHANCE = 'Take randomness from the Random port (lib/ports/random.ts), and never for a decision about data.'
const ENVIRONMENT = 'Take settings from lib/config: it reads the environment once, checks it and keeps secrets out of print.'
const WALL_TIME_IN_RX =
  'RxJS operators that wait or read the clock emit outside the turn (RX_ASYNC_EMISSION) and forget at a restart: use a window, a timer of scan(), or mapAsync().'

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate']

const properties = [
  { object: 'Date', property: 'now', message: CLOCK },
  { object: 'performance', property: 'now', message: CLOCK },
  { object: 'performance', property: 'timeOrigin', message: CLOCK },
  { object: 'process', property: 'hrtime', message: CLOCK },
  { object: 'process', property: 'uptime', message: CLOCK },
  { object: 'Math', property: 'random', message: CHANCE },
  { object: 'process', property: 'env', message: ENVIRONMENT },
  ...['crypto', 'webcrypto'].flatMap(object =>
    ['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues', 'randomFillSync'].map(property => ({
      object,
      property,
      message: CHANCE,
    })),
  ),
  ...['globalThis', 'global'].flatMap(object => [
    ...TIMERS.map(property => ({ object, property, message: CLOCK })),
    ...['Date', 'performance'].map(property => ({ object, property, message: CLOCK })),
    { object, property: 'crypto', message: CHANCE },
  ]),
]

const globals = TIMERS.map(name => ({ name, message: CLOCK }))

const syntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: `new Date() reads the wall clock. ${CLOCK}` },
  { selector: "CallExpression[callee.name='Date']", message: `Date() reads the wall clock. ${CLOCK}` },
]

const imports = [
  ...['timers', 'timers/promises', 'perf_hooks'].flatMap(m => [m, `node:${m}`].map(name => ({ name, message: CLOCK }))),
  ...['crypto', 'node:crypto'].map(name => ({
    name,
    importNames: ['randomUUID', 'randomBytes', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues', 'webcrypto'],
    message: CHANCE,
  })),
  ...['process', 'node:process'].map(name => ({ name, importNames: ['env', 'hrtime', 'uptime'], message: ENVIRONMENT })),
]

const rxImports = [
  {
    name: 'rxjs',
    importNames: [
      ...['animationFrame', 'animationFrames', 'animationFrameScheduler', 'asap', 'asapScheduler', 'async', 'asyncScheduler'],
      ...['auditTime', 'bufferTime', 'debounceTime', 'delay', 'interval', 'sampleTime', 'throttleTime', 'timeInterval'],
      ...['timeout', 'timeoutWith', 'timer', 'timestamp', 'windowTime'],
    ],
    message: WALL_TIME_IN_RX,
  },
  { name: 'rxjs/operators', message: "Import operators from 'rxjs': one door, so that the ban of the time operators holds." },
]

interface BannedImport {
  readonly name: string
  readonly importNames?: readonly string[]
  readonly message: string
}
const importRule = (paths: readonly BannedImport[]) => [
  'error',
  { paths, patterns: [{ regex: '^rxjs/internal', message: "Import from 'rxjs'." }] },
]

/** Where time, chance and environment come from ports, and RxJS keeps no time. */
export const injectedWorld = {
  'no-restricted-properties': ['error', ...properties],
  'no-restricted-globals': ['error', ...globals],
  'no-restricted-syntax': ['error', ...syntax],
  'no-restricted-imports': importRule([...imports, ...rxImports]),
}

/** Where the real world may be touched, but RxJS still keeps no time (adapters, config). */
export const timelessRx = { 'no-restricted-imports': importRule(rxImports) }
