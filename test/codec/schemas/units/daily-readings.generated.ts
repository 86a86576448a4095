// Generated from daily-readings.avsc by `millrace types`; edit that file and run it again.
export type DailyReadings = number[] | null

/** As in daily-readings.avsc. */
export const DailyReadingsSchema = ['null', { type: 'array', items: 'double' }] as const
