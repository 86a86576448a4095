// The Registry port over a registry in memory: one client of it, in one process.
import { openMemoryRegistry } from '../../adapters/registry/memory.ts'
import type { AvroSchema } from '../../model/avro-type.ts'
import { MillraceError } from '../../model/errors.ts'
import type { Compatibility, RegisteredSchema, Registry } from '../../ports/registry.ts'
import { type Broken, DIRECT, type Wire } from './wire.ts'

const unavailable: Broken = what => new MillraceError('REGISTRY_UNAVAILABLE', `the schema registry did not answer: ${what}`)

export class SimulatedRegistry implements Registry {
  readonly server: Registry
  readonly #wire: Wire
  #closed = false

  /** A client of `server`; without a wire every call happens at once. */
  constructor(server: Registry = openMemoryRegistry(), wire: Wire = DIRECT) {
    this.server = server
    this.#wire = wire
  }
  register(subject: string, schema: AvroSchema): Promise<number> {
    return this.#call('registry.register', () => this.server.register(subject, schema))
  }
  schema(id: number): Promise<AvroSchema | null> {
    return this.#call('registry.schema', () => this.server.schema(id))
  }
  latest(subject: string): Promise<RegisteredSchema | null> {
    return this.#call('registry.latest', () => this.server.latest(subject))
  }
  subjects(): Promise<readonly string[]> {
    return this.#call('registry.subjects', () => this.server.subjects())
  }
  compatibility(subject: string): Promise<Compatibility> {
    return this.#call('registry.compatibility', () => this.server.compatibility(subject))
  }
  setCompatibility(subject: string, level: Compatibility): Promise<void> {
    return this.#call('registry.setCompatibility', () => this.server.setCompatibility(subject, level))
  }
  async close(): Promise<void> {
    this.#closed = true
  }
  async #call<T>(point: string, effect: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new MillraceError('REGISTRY_UNAVAILABLE', 'this client of the schema registry is closed')
    // The server answers within microtasks, so before the next draw; whoever waits for the reply is told then.
    const answered = (): Promise<T> => {
      const answer = effect()
      answer.catch(() => {})
      return answer
    }
    return await this.#wire.call(point, answered, unavailable)
  }
}
