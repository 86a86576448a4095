// Generated from shipment.avsc by `millrace types`; edit that file and run it again.
import type { Decimal } from '#lib/index.ts'

/**
 * What left the house.
 * One per parcel; ends with *\/ to be awkward.
 */
export interface Shipment {
  /** Unique. */
  shipment_id: string
  at: number
  sequence: bigint
  weight: number | null
  price: Decimal<4>
  fee: Decimal<0> | null
  state: State
  earlier: State[]
  parts: (Part | null)[]
  labels: Record<string, number[]> | null
  fragile: boolean
  nothing: null
}

/** Where it is. */
export type State = 'packed' | 'sent'

export interface Part {
  sku: string
  label: Uint8Array | string | null
  digest: Uint8Array
}

/** As in shipment.avsc. */
export const ShipmentSchema = {
  type: 'record',
  name: 'Shipment',
  namespace: 'test.freight',
  doc: 'What left the house.\nOne per parcel; ends with */ to be awkward.',
  fields: [
    { name: 'shipment_id', type: 'string', doc: 'Unique.' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'sequence', type: { type: 'long', as: 'bigint' } },
    { name: 'weight', type: ['null', 'float', 'double'], default: null },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 } },
    {
      name: 'fee',
      type: ['null', { type: 'fixed', name: 'Fee', size: 8, logicalType: 'decimal', precision: 10 }],
      default: null,
    },
    {
      name: 'state',
      type: { type: 'enum', name: 'State', doc: 'Where it is.', symbols: ['packed', 'sent'], default: 'packed' },
    },
    { name: 'earlier', type: { type: 'array', items: 'State' } },
    {
      name: 'parts',
      type: {
        type: 'array',
        items: [
          'null',
          {
            type: 'record',
            name: 'Part',
            fields: [
              { name: 'sku', type: 'string' },
              { name: 'label', type: ['null', 'bytes', 'string'] },
              { name: 'digest', type: { type: 'fixed', name: 'Digest', size: 4 } },
            ],
          },
        ],
      },
    },
    { name: 'labels', type: ['null', { type: 'map', values: { type: 'array', items: 'int' } }], default: null },
    { name: 'fragile', type: 'boolean', default: false },
    { name: 'nothing', type: 'null' },
  ],
} as const
