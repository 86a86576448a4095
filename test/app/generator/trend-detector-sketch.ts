// The trend detector of the orders system in its plainest form, to see what generated views would raise.

export interface Alert {
  readonly product: string
  /** Start of the minute, ms since epoch. */
  readonly time: number
  readonly severity: 'HIGH' | 'CRITICAL'
}

/** @param views product and event time of each view */
export function alertsOf(views: Iterable<readonly [product: string, time: number]>): Alert[] {
  const perProduct = new Map<string, Map<number, number>>()
  for (const [product, time] of views) {
    let minutes = perProduct.get(product)
    if (minutes === undefined) perProduct.set(product, (minutes = new Map()))
    const minute = Math.floor(time / 60_000)
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
  }
  const alerts: Alert[] = []
  for (const [product, minutes] of perProduct) {
    const [first, ...later] = [...minutes].sort(([a], [b]) => a - b)
    let [last, baseline] = first!
    for (const [minute, current] of later) {
      baseline *= 0.7 ** (minute - last - 1)
      if (minute - first![0] >= 3 && current >= 5 && current > 2 * baseline)
        alerts.push({ product, time: minute * 60_000, severity: current > 5 * baseline ? 'CRITICAL' : 'HIGH' })
      baseline = 0.3 * current + 0.7 * baseline
      last = minute
    }
  }
  return alerts.sort((a, b) => a.time - b.time)
}
