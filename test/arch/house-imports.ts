// The import rules of the house, written down a second time: who may import whom, by one file of each room.
// lint/rooms.js says it to dependency-cruiser; test/arch/imports.test.ts proves that both mean the same.

/** A file of every room, and the rooms that it may import besides its own. */
export const ROOMS: Readonly<Record<string, { readonly file: string; readonly may: readonly string[] }>> = {
  model: { file: 'lib/model/word.ts', may: [] },
  codec: { file: 'lib/codec/wire.ts', may: ['model'] },
  state: { file: 'lib/state/store.ts', may: ['model', 'codec'] },
  stages: { file: 'lib/stages/window/assigner.ts', may: ['model', 'state'] },
  ports: { file: 'lib/ports/record-log.ts', may: ['model'] },
  engine: { file: 'lib/engine/turn.ts', may: ['model', 'stages', 'state', 'codec', 'ports'] },
  rx: { file: 'lib/rx/observe-topic.ts', may: ['model', 'engine', 'stages', 'codec', 'ports'] },
  config: { file: 'lib/config/settings.ts', may: ['model'] },
  observe: { file: 'lib/observe/metrics.ts', may: ['model', 'ports'] },
  cli: { file: 'lib/cli/run.ts', may: ['model', 'engine', 'ports', 'config', 'codec', 'stages'] },
  embedded: { file: 'lib/adapters/embedded/log.ts', may: ['model', 'ports'] },
  file: { file: 'lib/adapters/file/csv.ts', may: ['model', 'ports'] },
  kafka: { file: 'lib/adapters/kafka/fetch.ts', may: ['model', 'ports'] },
  redis: { file: 'lib/adapters/redis/cache.ts', may: ['model', 'ports'] },
  postgres: { file: 'lib/adapters/postgres/tables.ts', may: ['model', 'ports'] },
  registry: { file: 'lib/adapters/registry/local.ts', may: ['model', 'ports', 'codec'] },
  embedding: {
    file: 'lib/embedded/system.ts',
    may: [
      ...['model', 'engine', 'rx', 'ports', 'observe', 'cli', 'stages'],
      ...['embedded', 'file', 'kafka', 'redis', 'postgres', 'registry'],
    ],
  },
  testing: {
    file: 'lib/testing/driver.ts',
    may: [
      ...['model', 'codec', 'state', 'stages', 'ports', 'engine', 'rx', 'config', 'observe', 'cli'],
      ...['embedded', 'file', 'registry', 'index', 'testing-door'],
    ],
  },
  index: { file: 'lib/index.ts', may: ['model', 'stages'] },
  'testing-door': { file: 'lib/testing.ts', may: ['model', 'testing'] },
  'embedded-door': { file: 'lib/embedded.ts', may: ['model', 'embedding', 'file', 'ports', 'rx'] },
  schemas: { file: 'schemas/orders/topics.ts', may: ['index'] },
  processors: { file: 'processors/orders/event-aggregator.ts', may: ['index', 'schemas'] },
  gateway: { file: 'gateway/routes.ts', may: ['model', 'ports', 'codec', 'config', 'observe', 'schemas', 'contract'] },
  contract: { file: 'gateway/contract.ts', may: ['model', 'ports', 'codec', 'config', 'observe', 'schemas', 'gateway'] },
  console: { file: 'console/page.ts', may: ['contract'] },
  'load-test': { file: 'load-test/verify.ts', may: ['oracle'] },
}

/** Rooms that may import anything; nobody but they and their likes may import them (load tests share the oracle). */
export const FREE_ROOMS: Readonly<Record<string, string>> = {
  app: 'app/main.ts',
  bench: 'bench/codec.ts',
  test: 'test/e2e/start.test.ts',
  oracle: 'test/oracle/windows.ts',
}
