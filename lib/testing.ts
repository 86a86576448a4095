// The second public door: what the tester of a processor, or the author of an adapter, imports.

// ---- driving processors without servers and without waiting
export {
  type Committed,
  drive,
  type Driven,
  type DriveOptions,
  type Emitted,
  type ObserveOptions,
  type SeenDeadLetter,
  type SeenLate,
  type SeenRecord,
  type SeenResult,
} from './testing/driver.ts'

// ---- golden cases: files of input against files of what must come of it, also killed and on other partition counts
export { golden, type GoldenCase, type GoldenRun, goldenRuns } from './testing/golden.ts'

// ---- conformance: every sentence of a port's contract as a test
export { feedConformance, type OpenedFeed } from './testing/conformance/feed.ts'
export { type OpenedLog, recordLogConformance } from './testing/conformance/record-log.ts'
export { type OpenedCache, stateCacheConformance } from './testing/conformance/state-cache.ts'
export { type OpenedRegistry, registryConformance } from './testing/conformance/registry.ts'
export {
  CONFORMANCE_MIGRATIONS,
  CONFORMANCE_TABLES,
  type OpenedTables,
  tablesConformance,
  tablesPortConformance,
  type TablesUnderTest,
} from './testing/conformance/tables.ts'
