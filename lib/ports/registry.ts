// The schema registry, as Confluent's API has it: subjects with versions, ids that never change their meaning.
import type { AvroSchema } from '../model/avro-type.ts'

export interface RegisteredSchema {
  readonly id: number
  readonly version: number
  readonly schema: AvroSchema
}
export type Compatibility = 'NONE' | 'BACKWARD' | 'BACKWARD_TRANSITIVE' | 'FORWARD' | 'FORWARD_TRANSITIVE' | 'FULL' | 'FULL_TRANSITIVE'

export interface Registry {
  /** Registers a schema; the same schema again gives the same id. @throws SCHEMA_INCOMPATIBLE, SCHEMA_INVALID, REGISTRY_UNAVAILABLE (as every member) */
  register(subject: string, schema: AvroSchema): Promise<number>
  /** Null when there is no such id: final, the record is a dead letter. An outage throws instead. */
  schema(id: number): Promise<AvroSchema | null>
  latest(subject: string): Promise<RegisteredSchema | null>
  subjects(): Promise<readonly string[]>
  /** The subject's level; 'BACKWARD' unless set. */
  compatibility(subject: string): Promise<Compatibility>
  setCompatibility(subject: string, level: Compatibility): Promise<void>
  close(): Promise<void>
}
