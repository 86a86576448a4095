// The local registry without a file: for tests and tools.
import type { Registry } from '../../ports/registry.ts'
import { NO_CONTENT, SchemaStore } from './schema-store.ts'

export const openMemoryRegistry = (): Registry => new SchemaStore(NO_CONTENT, () => Promise.resolve())
