// Recorded tumbling windows of other systems.
import { recordedCases } from './recorded-cases.ts'

recordedCases('tumbling', ['kafka-streams-tumbling.json', 'quix-tumbling.json', 'flink-datastream.json'])
