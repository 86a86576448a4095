// The public door: what the author of a processor imports.

// ---- words
export { days, type Duration, hours, millis, minutes, seconds } from './model/time.ts'
export { compareDecimals, Decimal, decimal, divide, exact, plus, times } from './model/decimal.ts'
export type { Key } from './model/key.ts'
export type { Cause, LateRecord, Meta, Storable, Stored, Unkeyed, WindowResult } from './model/record.ts'
export type { Headers } from './model/record-batch.ts'
export type { DeadLetter, Door, Verdict } from './model/verdict.ts'
export {
  type Blame,
  type ErrorCode,
  type ErrorEntry,
  ERRORS,
  isMillraceError,
  MillraceError,
  type Retry,
  type Where,
} from './model/errors.ts'

// ---- what flows
export type { AvroSchema, FromAvro } from './model/avro-type.ts'
export { avro, avroAs, type Codec, json } from './model/codec.ts'
export { type Retention, type Source, type Target, type Topic, topic } from './model/topic.ts'
export { feed } from './model/feed.ts'
export {
  bigintColumn,
  bool,
  type Column,
  float8,
  integer,
  long,
  nullable,
  numeric,
  type SqlType,
  type Table,
  table,
  text,
  timestamptz,
} from './model/table.ts'
export { deleteWhere, insertOnly, upsert, upsertMany } from './model/table-target.ts'

// ---- how it is put together
export type { Flow, Output, Pipeable, Stage, TableView, Windowed } from './model/stage.ts'

// ---- stages
export { from } from './stages/from.ts'
export { fromObservable } from './stages/from-observable.ts'
export { type Processor, type ProcessorOptions, processor } from './stages/processor.ts'
export { branch } from './stages/branch.ts'
export { distinct } from './stages/distinct.ts'
export { filter } from './stages/filter.ts'
export { flatMap } from './stages/flat-map.ts'
export { keyBy } from './stages/key-by.ts'
export { keyInPlace } from './stages/key-in-place.ts'
export { map } from './stages/map.ts'
export { mapAsync } from './stages/map-async.ts'
export { merge, mergeTagged } from './stages/merge.ts'
export { rx } from './stages/rx.ts'
export { type OwnContext, type OwnFunction, type OwnState, type Remembering, stage } from './stages/stage.ts'
export { scan, type Step, type Timer } from './stages/scan.ts'
export { stampWith } from './stages/stamp-with.ts'
export { tableFrom } from './stages/table-from.ts'
export { tap } from './stages/tap.ts'
export { tee } from './stages/tee.ts'
export { joinAsOf } from './stages/join/join-as-of.ts'
export { joinInterval } from './stages/join/join-interval.ts'
export { joinTable } from './stages/join/join-table.ts'
export { type Lookup, lookup } from './stages/join/lookup.ts'
export { aggregate } from './stages/window/aggregate.ts'
export { calendar } from './stages/window/calendar.ts'
export { counting } from './stages/window/counting.ts'
export { cumulating } from './stages/window/cumulating.ts'
export type { Emit } from './stages/window/emit.ts'
export { hopping } from './stages/window/hopping.ts'
export { session } from './stages/window/session.ts'
export { sliding } from './stages/window/sliding.ts'
export { tumbling } from './stages/window/tumbling.ts'
export type { Late, LateOrCorrect, Timed } from './stages/window/windowing.ts'
export { approxDistinct } from './stages/folds/approx-distinct.ts'
export { earliest, first, last, latest } from './stages/folds/by-moment.ts'
export { collect } from './stages/folds/collect.ts'
export { count } from './stages/folds/count.ts'
export { custom } from './stages/folds/custom.ts'
export { max, min } from './stages/folds/extreme.ts'
export type { Fold } from './stages/folds/fold.ts'
export { mean } from './stages/folds/mean.ts'
export { percentile } from './stages/folds/percentile.ts'
export { sum } from './stages/folds/sum.ts'
