// Recorded cumulating windows of other systems.
import { recordedCases } from './recorded-cases.ts'

recordedCases('cumulate', ['flink-sql.json'])
