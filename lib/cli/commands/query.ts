import { MillraceError } from '../../model/errors.ts'
import type { Inspection } from '../../ports/inspection.ts'
import { didYouMean } from '../../config/nearest-word.ts'
import { QUERY_FORMATS, type QueryFormat, queryText } from '../text/query-text.ts'
import type { Screen } from '../text/screen.ts'

/** @throws OPTION_INVALID */
export function queryFormat(text: string): QueryFormat {
  const found = QUERY_FORMATS.find(f => f === text)
  if (found === undefined)
    throw new MillraceError(
      'OPTION_INVALID',
      `--format is '${text}': it takes ${QUERY_FORMATS.join(', ')}.${didYouMean(text, QUERY_FORMATS)}`,
    )
  return found
}

/** `millrace query "SELECT …"` @throws QUERY_FAILED */
export async function query(inspection: Inspection, sql: string, format: QueryFormat, screen: Screen): Promise<void> {
  if (sql.trim() === '')
    throw new MillraceError('OPTION_INVALID', 'the query is empty; for example: millrace query "SELECT count(*) FROM orders"')
  screen.out(queryText(await inspection.query(sql), format))
}
