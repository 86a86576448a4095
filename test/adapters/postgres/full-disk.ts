// Preloaded into a process and its threads: while the file that MILLRACE_TEST_FULL names is there, no file whose path holds the text in it takes
// another byte.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const marker = process.env['MILLRACE_TEST_FULL']!
const paths = new Map<number, string>()
const { existsSync, openSync, readFileSync, writeSync } = fs

fs.openSync = (...args) => {
  const fd = openSync(...args)
  paths.set(fd, String(args[0]))
  return fd
}
fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
  const path = paths.get(args[0])
  if (path !== undefined && existsSync(marker) && path.includes(readFileSync(marker, 'utf8')))
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  return writeSync(...args)
}) as typeof writeSync
syncBuiltinESMExports()
