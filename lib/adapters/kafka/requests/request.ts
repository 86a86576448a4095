// What every request to a broker is made of. Versions: as new as the client library's header encoding allows,
// and all of them spoken by brokers from 2.4 to 4.x. Layouts: https://kafka.apache.org/protocol
import { Reader, Writer } from '../wire.ts'

export interface Request<A> {
  readonly key: number
  readonly version: number
  readonly name: string
  encode(): Buffer
  decode(answer: Reader): A
  /** How long the broker may keep it on purpose. */
  readonly waitsMs?: number
}
export const request = <A>(
  name: string,
  key: number,
  version: number,
  encode: (w: Writer) => void,
  decode: (r: Reader) => A,
  waitsMs = 0,
): Request<A> => ({
  name,
  key,
  version,
  encode: () => {
    const w = new Writer()
    encode(w)
    return w.done()
  },
  decode,
  waitsMs,
})

/** An error code of Kafka; 0 is none. */
export type Code = number

export interface Topical<P> {
  readonly topic: string
  readonly partitions: readonly P[]
}
export const topics = <P>(w: Writer, of: readonly Topical<P>[] | null, partition: (p: P) => void): Writer =>
  w.array(of, ({ topic, partitions }) => w.string(topic).array(partitions, partition))
export const partitionsOf = <P>(r: Reader, partition: () => P): (P & { readonly topic: string })[] =>
  r
    .array(() => ({ topic: r.string(), partitions: r.array(partition) }))
    .flatMap(({ topic, partitions }) => partitions.map(p => ({ topic, ...p })))
