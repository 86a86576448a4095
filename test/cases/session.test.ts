// Recorded sessions of other systems.
import { recordedCases } from './recorded-cases.ts'

recordedCases('session', ['kafka-streams-session.json', 'quix-session.json', 'flink-datastream.json'])
