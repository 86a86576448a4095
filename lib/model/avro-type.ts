// Avro → TypeScript, at compile time. Named types may be referred to by name after their definition.
import type { Decimal } from './decimal.ts'

type Prim = { null: null; boolean: boolean; int: number; long: number; float: number; double: number; string: string; bytes: Uint8Array }
type Named<S> = S extends { readonly name: infer N extends string } ? { readonly [P in N]: S } : unknown
type Get<N, P extends string> = P extends keyof N ? N[P] : never
type Inner<S> = S extends { readonly type: 'record'; readonly fields: infer F extends readonly { readonly type: unknown }[] }
  ? Named<S> & Gather<F>
  : S extends { readonly type: 'enum' | 'fixed' }
    ? Named<S>
    : S extends { readonly type: 'array'; readonly items: infer I }
      ? Inner<I>
      : S extends { readonly type: 'map'; readonly values: infer V }
        ? Inner<V>
        : S extends readonly [infer H, ...infer R]
          ? Inner<H> & Inner<R>
          : S extends { readonly type: infer I extends object }
            ? Inner<I>
            : unknown
type Gather<F> = F extends readonly [{ readonly type: infer H }, ...infer R] ? Inner<H> & Gather<R> : unknown
type Field = { readonly name: string; readonly type: unknown }
type Value<S, N> = S extends keyof Prim
  ? Prim[S]
  : S extends string
    ? Value<Get<N, S>, N>
    : S extends readonly (infer U)[]
      ? U extends unknown
        ? Value<U, N>
        : never
      : S extends { readonly logicalType: 'decimal' }
        ? Decimal<S extends { readonly scale: infer D extends number } ? D : 0>
        : S extends { readonly type: 'long'; readonly as: 'bigint' }
          ? bigint
          : S extends { readonly type: 'record'; readonly fields: infer F extends readonly Field[] }
            ? { [E in F[number] as E['name']]: Value<E['type'], N> }
            : S extends { readonly type: 'enum'; readonly symbols: readonly (infer E)[] }
              ? E
              : S extends { readonly type: 'array'; readonly items: infer I }
                ? Value<I, N>[]
                : S extends { readonly type: 'map'; readonly values: infer V }
                  ? Record<string, Value<V, N>>
                  : S extends { readonly type: 'fixed' }
                    ? Uint8Array
                    : S extends { readonly type: infer I }
                      ? Value<I, N>
                      : never

/** The TypeScript type of an Avro schema given `as const`: longs are `number` (`"as": "bigint"` asks for bigint), decimals `Decimal<scale>`, bytes `Uint8Array`. */
export type FromAvro<S> = Value<S, Inner<S>>

/** An Avro schema as JSON. */
export type AvroSchema = string | readonly AvroSchema[] | { readonly [property: string]: unknown }
