// Fetches what services need from the Maven repository, so that nothing has to be fetched later. Exit code 1 when something cannot be had.
import { kafkaPrograms } from './kafka.ts'
import { postgresPrograms } from './postgres.ts'
import { redisServer } from './redis.ts'
import { registryPrograms } from './registry.ts'

const found = { Kafka: kafkaPrograms(), registry: registryPrograms(), PostgreSQL: postgresPrograms(), Redis: redisServer() }
for (const [service, where] of Object.entries(found)) console.log(`${service}: ${where ?? 'cannot be had here'}`)
process.exitCode = Object.values(found).includes(null) ? 1 : 0
