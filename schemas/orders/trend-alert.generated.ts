// Generated from trend-alert.avsc by `millrace types`; edit that file and run it again.
/** A product stands far above what is usual for it. */
export interface TrendAlert {
  product_id: string
  /** Of the window that stands out, inclusive. */
  window_start: number
  /** Exclusive. */
  window_end: number
  /** views (a minute) or revenue (five minutes). */
  metric: string
  severity: Severity
  /** The metric in this window. */
  current: number
  /** What was usual before it: the moving average. */
  baseline: number
  /** Current by baseline; null when the baseline is all but 0. */
  ratio: number | null
  /** The same for the same metric, product and window, whoever computes it. */
  alert_id: string
}

export type Severity = 'HIGH' | 'CRITICAL'

/** As in trend-alert.avsc. */
export const TrendAlertSchema = {
  type: 'record',
  name: 'TrendAlert',
  namespace: 'millrace.orders',
  doc: 'A product stands far above what is usual for it.',
  fields: [
    { name: 'product_id', type: 'string' },
    {
      name: 'window_start',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'Of the window that stands out, inclusive.',
    },
    { name: 'window_end', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'Exclusive.' },
    { name: 'metric', type: 'string', doc: 'views (a minute) or revenue (five minutes).' },
    { name: 'severity', type: { type: 'enum', name: 'Severity', symbols: ['HIGH', 'CRITICAL'] } },
    { name: 'current', type: 'double', doc: 'The metric in this window.' },
    { name: 'baseline', type: 'double', doc: 'What was usual before it: the moving average.' },
    {
      name: 'ratio',
      type: ['null', 'double'],
      default: null,
      doc: 'Current by baseline; null when the baseline is all but 0.',
    },
    { name: 'alert_id', type: 'string', doc: 'The same for the same metric, product and window, whoever computes it.' },
  ],
} as const
