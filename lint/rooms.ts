// Who may import whom: the architecture's import rules as one table, for dependency-cruiser.
// Every room may import itself and `model`; anything else that is not listed is forbidden; cycles always are.
import type { IFlattenedRuleSet } from 'dependency-cruiser'

type Rule = NonNullable<IFlattenedRuleSet['forbidden']>[number]
type From = { readonly path: string; readonly pathNot?: string }

/** Room of lib → the other rooms of lib it may import. */
const LIB: Readonly<Record<string, readonly string[]>> = {
  model: [],
  codec: [],
  state: ['codec'],
  stages: ['state'],
  ports: [],
  engine: ['stages', 'state', 'codec', 'ports'],
  rx: ['engine', 'stages', 'codec', 'ports'],
  config: [],
  observe: ['ports'],
  cli: ['engine', 'ports', 'config', 'codec', 'stages'],
  embedded: ['adapters', 'engine', 'rx', 'ports', 'observe', 'cli', 'stages'],
}

const lib = (rooms: readonly string[]): string[] => rooms.map(room => `^lib/${room}/`)

/** One rule: files that match `from` import, of this repository, only what `may` matches. */
const only = (name: string, comment: string, from: string | From, may: string[]): Rule => ({
  name,
  comment,
  severity: 'error',
  from: typeof from === 'string' ? { path: from } : from,
  to: { path: '^(lib|app|schemas|processors|gateway|console|load-test|bench|test|sql)/', pathNot: may },
})

const libRooms = Object.entries(LIB).map(([room, others]) =>
  only(
    `lib-${room}`,
    `lib/${room} imports ${['itself', 'model', ...others].join(', ')} and nothing else of the house.`,
    `^lib/${room}/`,
    lib([room, 'model', ...others]),
  ),
)

const adapters = [
  only(
    'lib-adapters',
    'An adapter imports itself, ports and model; adapters never import one another.',
    { path: '^lib/adapters/([^/]+)/', pathNot: '^lib/adapters/registry/' },
    ['^lib/adapters/$1/', ...lib(['model', 'ports'])],
  ),
  only(
    'lib-adapters-registry',
    'The registry adapter also imports codec (Avro compatibility).',
    '^lib/adapters/registry/',
    lib(['adapters/registry', 'model', 'ports', 'codec']),
  ),
]

const testing = only(
  'lib-testing',
  'lib/testing imports all of lib but the adapters of real services (kafka, redis, postgres) and what is wired to them (embedded).',
  '^lib/testing/',
  ['^lib/(?!adapters/(kafka|redis|postgres)/|embedded[/.])'],
)

const doors = [
  only('door-index', 'lib/index.ts opens model and stages to the authors of processors.', '^lib/index[.]ts$', lib(['model', 'stages'])),
  only('door-testing', 'lib/testing.ts opens lib/testing to those who test processors.', '^lib/testing[.]ts$', lib(['model', 'testing'])),
  only(
    'door-embedded',
    'lib/embedded.ts opens lib/embedded, files as feeds, and the words of what it gives to those who run processors in their own program.',
    '^lib/embedded[.]ts$',
    lib(['model', 'embedded', 'adapters/file', 'ports', 'rx']),
  ),
]

const outside = [
  only('schemas', 'Schemas are written with the public words only, as a user writes them.', '^schemas/', ['^schemas/', '^lib/index[.]ts$']),
  only('processors', 'Processors are written with the public words and the schemas only, as a user writes them.', '^processors/', [
    '^processors/',
    '^lib/index[.]ts$',
    '^schemas/',
  ]),
  only('gateway', 'The gateway imports model, ports, codec, config, observe and schemas.', '^gateway/', [
    '^gateway/',
    ...lib(['model', 'ports', 'codec', 'config', 'observe']),
    '^schemas/',
  ]),
  only('console', "The console knows only the gateway's contract types.", '^console/', ['^console/', '^gateway/contract']),
  only('load-test', 'Load tests share the one oracle with the tests.', '^load-test/', ['^load-test/', '^test/oracle/']),
]

const everywhere: Rule[] = [
  {
    name: 'no-cycles',
    comment: 'Cycles are forbidden, also of types: whatever needs both sides belongs into a third file.',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'model-without-packages',
    comment: 'The words stand on nothing: lib/model imports no package.',
    severity: 'error',
    from: { path: '^lib/model/' },
    to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer'] },
  },
  {
    name: 'kafkajs-in-one-place',
    comment: 'lib/adapters/kafka is the only folder that imports kafkajs: its guards hold nowhere else.',
    severity: 'error',
    from: { pathNot: '^lib/adapters/kafka/|^test/|^bench/' },
    to: { path: 'node_modules/(@kafkajs|kafkajs)/|^(@kafkajs/|kafkajs)' },
  },
  {
    name: 'only-what-exists',
    comment: 'An import that cannot be resolved is a mistake.',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'declared-packages',
    comment: 'What is shipped imports only packages that package.json lists as dependencies.',
    severity: 'error',
    from: { path: '^(lib|app|schemas|processors)/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
  },
]

export const forbidden: Rule[] = [...libRooms, ...adapters, testing, ...doors, ...outside, ...everywhere]

/** How a cruise looks at files: types count as imports, packages are not followed. */
export const cruising = {
  doNotFollow: { path: 'node_modules' },
  exclude: { path: '(^|/)(dist|coverage|[.]millrace)/' },
  tsPreCompilationDeps: true,
  enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'types', 'default'] },
}
