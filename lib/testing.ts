// The second public door: what the tester of a processor, or the author of an adapter, imports.

// ---- driving processors without servers and without waiting
export { drive, type Driven, type DriveOptions, type SeenDeadLetter, type SeenLate, type SeenRecord } from './testing/driver.ts'

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
