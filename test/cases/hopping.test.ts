// Recorded hopping windows of other systems.
import { recordedCases } from './recorded-cases.ts'

recordedCases('hopping', ['kafka-streams-hopping.json', 'quix-hopping.json', 'flink-datastream.json', 'flink-sql.json'])
