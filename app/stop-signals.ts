// Ctrl-C and its kin: the first asks to stop, a second one a moment later ends at once.

/** The terminal sends Ctrl-C to all, npm and the launcher pass it on: within this time it is the same one. */
const SAME_MS = 400
/** Whoever stops a system waits three seconds for it. What is not committed by then is done again at the next start. */
const PATIENCE_MS = 2_700
/** What a shell reads as "ended by Ctrl-C". */
export const INTERRUPTED = 130

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** From here on signals do again what they do by default. */
  dispose(): void
}

/**
 * @param leave done before the process is ended without waiting any longer
 * @param hurried exit code of a stop that could not wait for everything to close
 */
export function stopSignals(leave: () => void, hurried: number): StopSignals {
  const stop = new AbortController()
  let asked = Infinity
  let patience: NodeJS.Timeout | undefined
  const end = (code: number): void => {
    leave()
    process.exit(code)
  }
  const onSignal = (): void => {
    const now = performance.now()
    if (now > asked + SAME_MS) end(INTERRUPTED)
    if (stop.signal.aborted) return
    asked = now
    patience = setTimeout(() => {
      process.stderr.write(
        'stopped before everything was closed; nothing is lost: what was not committed is done again at the next start\n',
      )
      end(hurried)
    }, PATIENCE_MS)
    patience.unref()
    stop.abort()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return {
    signal: stop.signal,
    dispose() {
      clearTimeout(patience)
      for (const signal of SIGNALS) process.off(signal, onSignal)
    },
  }
}
