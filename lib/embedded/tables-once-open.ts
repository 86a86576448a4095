// Tables that may take seconds to open: asked before that, they wait; opened at the first question, or when told to.
import type { Tables } from '../ports/tables.ts'

export interface TablesOnceOpen extends Tables {
  /** Opens them now. @throws what opening throws, also every time later */
  open(): Promise<void>
}

export function tablesOnceOpen(open: () => Promise<Tables>): TablesOnceOpen {
  let opening: Promise<Tables> | null = null
  const tables = (): Promise<Tables> => {
    opening ??= open()
    opening.catch(() => {}) // whoever asks is told
    return opening
  }
  return {
    open: async () => void (await tables()),
    position: async (...a) => (await tables()).position(...a),
    reset: async (...a) => (await tables()).reset(...a),
    load: async (...a) => (await tables()).load(...a),
    migrate: async (...a) => (await tables()).migrate(...a),
    check: async (...a) => (await tables()).check(...a),
    query: async (...a) => (await tables()).query(...a),
    deadLettersToForward: async (...a) => (await tables()).deadLettersToForward(...a),
    forwarded: async (...a) => (await tables()).forwarded(...a),
    async close() {
      const opened = await opening?.catch(() => null)
      await opened?.close()
    },
  }
}
