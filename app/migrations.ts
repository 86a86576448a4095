// The tables of the systems that are shipped: what sql/ makes, and what the processors take it for.
import { type Migrations, migrationsIn } from '#lib/embedded/migrated-tables.ts'
import { SYSTEMS } from './systems.ts'

export const MIGRATIONS: Migrations = {
  migrations: () => migrationsIn(new URL('../sql/plain/', import.meta.url)),
  tables: SYSTEMS.flatMap(s => s.tables),
  missing: 'refuse',
}
