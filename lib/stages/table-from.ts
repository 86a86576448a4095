import type { TableView } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import type { Source } from '../model/topic.ts'

/**
 * Reads a changelog as a table: the latest row of each key, or every version of it for `keepFor` of event time. A tombstone deletes the key's row. What joins
 * with it is not in this version, so nothing can use it yet.
 * @param name names the state for ever (S5.1)
 */
export function tableFrom<T, K>(name: string, source: Source<T, K>, o: { versions: 'latest'; version: number }): TableView<T, K, 'latest'>
export function tableFrom<T, K>(
  name: string,
  source: Source<T, K>,
  o: { versions: { keepFor: Duration }; version: number },
): TableView<T, K, 'versioned'>
export function tableFrom<T, K>(
  name: string,
  source: Source<T, K>,
  o: { versions: 'latest' | { keepFor: Duration }; version: number },
): TableView<T, K> {
  return Object.freeze({ name, source, ...o }) as unknown as TableView<T, K>
}
