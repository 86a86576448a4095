// Resident memory of a process, as Linux tells it.
import { readFileSync } from 'node:fs'

const mb = (pid: number | 'self', field: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${field}:\\s*(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024

/** Now, in MB. */
export const residentMb = (pid: number | 'self' = 'self'): number => mb(pid, 'VmRSS')
/** The most that it ever was, in MB. */
export const peakMb = (pid: number | 'self' = 'self'): number => mb(pid, 'VmHWM')
