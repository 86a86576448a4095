// Products that are suddenly viewed or bought far more than is usual for them.
import {
  aggregate,
  count,
  type Duration,
  filter,
  type Flow,
  from,
  map,
  MillraceError,
  minutes,
  type Processor,
  processor,
  scan,
  seconds,
  type Stage,
  tumbling,
} from '#lib/index.ts'
import { productAggregates, productViews, trendAlerts } from '#schemas/orders/topics.ts'
import type { TrendAlert } from '#schemas/orders/trend-alert.generated.ts'

export interface TrendOptions {
  /** Weight of the newest window in the baseline, above 0, at most 1. Default 0.3. */
  readonly alpha?: number
  /** An alert is HIGH above this multiple of the baseline. Default 2. */
  readonly high?: number
  /** An alert is CRITICAL above this multiple of the baseline, at least `high`. Default 5. */
  readonly critical?: number
  /** No alert in the first so many windows of a product. Default 3. */
  readonly warmUp?: number
  /** No alert on fewer views in the window. Default 5. */
  readonly fewestViews?: number
  /** No alert on fewer units sold in the window. Default 5. */
  readonly fewestUnits?: number
  /** A product without a window for so long begins anew. Default null: none is forgotten. */
  readonly forgetAfter?: Duration | null
  /** Length of the windows in which views are counted. Default one minute. */
  readonly every?: Duration
  /** How long a window of views waits for those that are late. Default half a minute. */
  readonly grace?: Duration
}

/** What a metric of a product came to in a window. */
interface Measured {
  readonly start: number
  readonly end: number
  readonly current: number
  /** Views, or units sold: few of them make no trend. */
  readonly volume: number
}

/**
 * Compares every window of a product with the moving average of the windows before it, then lets the average follow:
 * `baseline = alpha · current + (1 − alpha) · baseline`; the first window sets it. A window that is missing counts as zero: at the next one the
 * baseline has decayed by (1 − alpha) for each that was missed, and those count among the first. Views are counted per minute, those that come after
 * its grace are counted as late and left out. Revenue comes in the windows of `product_aggregates`, first results only.
 * @throws PLAN_INVALID when an option is out of its range
 */
export function trendDetectorWith(options: TrendOptions = {}): Processor {
  const { every = minutes(1), grace = seconds(30), fewestViews = 5, fewestUnits = 5 } = options
  const views = from(productViews).pipe(
    tumbling('views', { size: every, grace, late: 'count-and-drop' }),
    aggregate({ views: count() }, { emit: 'on-close' }),
    map(({ start, end, value: { views } }): Measured => ({ start, end, current: views, volume: views })),
    alertsOn('views', fewestViews, options),
  )
  const revenue = from(productAggregates).pipe(
    filter(a => a.revision === 1),
    map((a): Measured => ({ start: a.window_start, end: a.window_end, current: a.revenue.toNumber(), volume: a.units })),
    alertsOn('revenue', fewestUnits, options),
  )
  return processor('trend-detector', [views.to(trendAlerts), revenue.to(trendAlerts)])
}

function alertsOn(metric: string, fewest: number, options: TrendOptions): Stage<Flow<Measured, string>, Flow<TrendAlert, string>> {
  const { alpha = 0.3, high = 2, critical = 5, warmUp = 3, forgetAfter = null } = options
  if (!(alpha > 0 && alpha <= 1 && high > 0 && critical >= high && Number.isInteger(warmUp) && warmUp >= 0 && fewest >= 0)) {
    throw new MillraceError(
      'PLAN_INVALID',
      `a trend detector cannot have alpha ${alpha}, high ${high}, critical ${critical}, warmUp ${warmUp}, fewest ${fewest}: ` +
        '0 < alpha ≤ 1, 0 < high ≤ critical, a whole warmUp ≥ 0 and a fewest ≥ 0 are needed',
    )
  }
  return scan(`${metric}-baseline`, {
    version: 1,
    ttl: forgetAfter,
    /** `windows`: how many there were, also missed ones; `last`: start of the newest. */
    initial: () => ({ baseline: 0, windows: 0, last: 0 }),
    next: (state, { start, end, current, volume }, { key }) => {
      if (state.windows === 0) return { state: { baseline: current, windows: 1, last: start } }
      const missed = Math.max(0, Math.round((start - state.last) / (end - start)) - 1)
      const baseline = state.baseline * (1 - alpha) ** missed
      const before = state.windows + missed
      const next = { baseline: alpha * current + (1 - alpha) * baseline, windows: before + 1, last: start }
      if (before < warmUp || volume < fewest || !(current > high * baseline)) return { state: next }
      const alert: TrendAlert = {
        product_id: key,
        window_start: start,
        window_end: end,
        metric,
        severity: current > critical * baseline ? 'CRITICAL' : 'HIGH',
        current,
        baseline,
        ratio: finiteOrNull(current / baseline),
        alert_id: `${metric}/${key}/${start}`,
      }
      return { state: next, emit: [alert] }
    },
  })
}

/** After a long silence the baseline is all but 0, and what is divided by it beyond all numbers. */
const finiteOrNull = (ratio: number): number | null => (Number.isFinite(ratio) ? ratio : null)

/** The detector with its default numbers. */
export const trendDetector = trendDetectorWith()
