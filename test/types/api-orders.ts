// The public door as a system uses it: contracts, tables and processors, of parcels. That it compiles is the test; the other stages are in api-stages.ts.
import {
  aggregate,
  approxDistinct,
  avro,
  avroAs,
  count,
  days,
  type DeadLetter,
  decimal,
  deleteWhere,
  flatMap,
  from,
  hours,
  insertOnly,
  integer,
  json,
  keyBy,
  map,
  max,
  millis,
  minutes,
  nullable,
  numeric,
  processor,
  scan,
  seconds,
  sum,
  table,
  text,
  timestamptz,
  topic,
  type Topic,
  tumbling,
  upsert,
  upsertMany,
} from '#lib/index.ts'

// ---- what flows
export const parcels = topic('parcels', {
  key: 'sender',
  time: 'handed_in',
  partitions: 4,
  retention: days(30),
  value: avro({
    type: 'record',
    name: 'Parcel',
    fields: [
      { name: 'parcel', type: 'string' },
      { name: 'sender', type: 'string' },
      { name: 'handed_in', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'postage', type: 'double' },
      { name: 'insured', type: ['null', 'double'] },
      { name: 'service', type: { type: 'enum', name: 'Service', symbols: ['standard', 'express'] } },
      {
        name: 'stops',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Stop',
            fields: [
              { name: 'depot', type: 'string' },
              { name: 'weight', type: 'int' },
              { name: 'fee', type: 'double' },
              { name: 'by', type: 'Service' },
            ],
          },
        },
      },
    ],
  }),
})
export type Parcel = typeof parcels extends Topic<infer T> ? T : never
interface Scan {
  scan: string
  depot: string
  sender: string
  at: number
  van: string | null
}
export const scans = topic('scans', { key: 'depot', time: 'at', value: avroAs<Scan>({}) })
export const scansBySender = topic('scans.by-sender', { key: 'sender', time: 'at', value: avroAs<Scan>({}) })
interface Load {
  depot: string
  sender: string
  weight: number
  at: number
}
const loadsByDepot = topic('loads.by-depot', { key: 'depot', time: 'at', value: json(value => value as Load) })
const perSender = topic('per-sender', {
  key: 'sender',
  time: 'until',
  value: avro({
    type: 'record',
    name: 'PerSender',
    fields: [
      { name: 'sender', type: 'string' },
      { name: 'since', type: 'long' },
      { name: 'until', type: 'long' },
      { name: 'parcels', type: 'long' },
      { name: 'revision', type: 'int' },
      { name: 'postage', type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 } },
      { name: 'dearest', type: 'double' },
    ],
  }),
})
interface PerDepot {
  depot: string
  since: number
  until: number
  weight: number
  senders: number
  revision: number
}
const perDepot = topic('per-depot', { key: 'depot', time: 'until', value: avroAs<PerDepot>({}) })
interface Jam {
  jam: string
  depot: string
  at: number
  now: number
  usual: number
  grade: 'slow' | 'stuck'
}
const jams = topic('jams', { key: 'depot', time: 'at', value: avroAs<Jam>({}) })
export declare const lateParcels: typeof parcels
declare const refusedRecords: Topic<DeadLetter>

// ---- where it ends
const parcelRows = table('parcels', {
  columns: { parcel: text, time: timestamptz, sender: text, insured: nullable(numeric(18, 4)), postage: numeric(18, 4) },
  key: ['parcel', 'time'],
  time: 'time',
})
const stopRows = table('stops', { columns: { parcel: text, stop: integer, depot: text, weight: integer }, key: ['parcel', 'stop'] })
const senderRows = table('per_sender', {
  columns: { sender: text, time: timestamptz, parcels: integer, postage: numeric(18, 4), revision: integer },
  key: ['sender', 'time'],
  revision: 'revision',
})
const jamRows = table('jams', { columns: { jam: text, time: timestamptz, grade: text }, key: ['jam'] })

// ---- one processor, two pipelines from one flow, one of them through a topic
const handedIn = from(parcels)
export const counts = processor(
  'counts',
  [
    handedIn
      .pipe(
        tumbling('per-sender', { size: minutes(5), grace: seconds(30), late: lateParcels }),
        aggregate({ parcels: count(), postage: sum(p => p.postage, { decimals: 4 }), dearest: max(p => p.postage) }, { emit: 'on-close' }),
        map(w => ({ sender: w.key, since: w.start, until: w.end, revision: w.revision, ...w.value })),
      )
      .to(perSender),
    handedIn
      .pipe(
        flatMap((p, { at }) => p.stops.map(s => ({ depot: s.depot, sender: p.sender, weight: s.weight, at }))),
        keyBy(load => load.depot, { via: loadsByDepot }),
        tumbling('per-depot', { size: minutes(5), grace: seconds(30), late: { correct: hours(1) } }),
        aggregate(
          { weight: sum(load => load.weight), senders: approxDistinct(load => load.sender, { exactUpTo: 500, relativeError: 0.02 }) },
          { emit: 'on-close' },
        ),
        map(w => ({ depot: w.key, since: w.start, until: w.end, revision: w.revision, ...w.value })),
      )
      .to(perDepot),
  ],
  {
    deadLetters: refusedRecords,
    onFailure: { decode: 'skip', process: 'dead-letter', produce: 'stop' },
    breaker: { share: 0.2, of: 1_000 },
    maxFutureSkew: hours(2),
    idleAfter: 'never',
    epoch: { records: 10_000, every: millis(50) },
    migrate: { usual: old => old },
  },
)

// ---- a window, then memory
export const watch = processor(
  'watch',
  from(scans, { start: 'latest', idle: minutes(2) })
    .pipe(
      tumbling('minute', { size: minutes(1), grace: seconds(5), late: 'count-and-drop' }),
      aggregate({ scans: count() }, { emit: 'on-close' }),
      scan('usual', {
        version: 1,
        ttl: days(7),
        initial: () => ({ usual: 0, minutes: 0 }),
        next: (s, w, { key }) => {
          const now = w.value.scans
          const state = { usual: s.minutes === 0 ? now : 0.3 * now + 0.7 * s.usual, minutes: s.minutes + 1 }
          if (s.minutes < 3 || now * 2 > s.usual) return { state }
          const grade = now === 0 ? ('stuck' as const) : ('slow' as const)
          return { state, emit: [{ jam: `${key}/${w.start}`, depot: key, at: w.start, now, usual: s.usual, grade }] }
        },
      }),
    )
    .to(jams),
)

// ---- several inputs into several tables
const date = (ms: number): Date => new Date(ms)
export const loader = processor('loader', [
  handedIn.to(
    upsert(parcelRows, p => ({
      parcel: p.parcel,
      time: date(p.handed_in),
      sender: p.sender,
      insured: p.insured === null ? null : decimal(p.insured, 4),
      postage: decimal(p.postage, 4),
    })),
    deleteWhere(parcelRows, sender => ({ sender })),
    upsertMany(stopRows, p => p.stops.map((s, stop) => ({ parcel: p.parcel, stop, depot: s.depot, weight: s.weight }))),
  ),
  from(perSender).to(
    upsert(senderRows, r => ({ sender: r.sender, time: date(r.since), parcels: r.parcels, postage: r.postage, revision: r.revision }), {
      remove: r => r.parcels === 0,
    }),
  ),
  from(jams).to(insertOnly(jamRows, j => ({ jam: j.jam, time: date(j.at), grade: j.grade }), { duplicate: 'skip' })),
])
