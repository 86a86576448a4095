// The control port: answers the questions of other processes of the same user about the system that runs here.
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isMillraceError, messageOf } from '../../model/errors.ts'
import type { Inspection } from '../../ports/inspection.ts'
import { type Answer, bodyOf, jsonAnswer, type Listening, listen } from './listen.ts'
import { ARGUMENTS, type Question } from './routes.ts'

/** A query is text that somebody wrote. */
const LONGEST = 1 << 20

/** Listens on a free port of the loopback interface; whoever asks must know the token. */
export const serveControl = (inspection: Inspection, token: string): Promise<Listening> =>
  listen(0, request => answerTo(request, inspection, token))

async function answerTo(request: IncomingMessage, inspection: Inspection, token: string): Promise<Answer> {
  if (!isToken(request.headers.authorization, token))
    return jsonAnswer(401, { code: 'OPTION_INVALID', message: 'the token is missing or wrong' })
  const name = (request.url ?? '').slice(1)
  if (!Object.hasOwn(ARGUMENTS, name) || request.method !== 'POST')
    return jsonAnswer(404, { code: 'OPTION_INVALID', message: `POST /${name} is no question` })
  const question = name as Question
  try {
    const given: unknown = JSON.parse((await bodyOf(request, LONGEST)) || '[]')
    const checked = ARGUMENTS[question](Array.isArray(given) ? given : [])
    return jsonAnswer(200, await (inspection[question] as (...a: readonly unknown[]) => Promise<unknown>)(...checked))
  } catch (error) {
    if (error instanceof SyntaxError)
      return jsonAnswer(400, { code: 'OPTION_INVALID', message: `the request is not JSON: ${error.message}` })
    if (!isMillraceError(error)) return jsonAnswer(500, { code: 'INTERNAL', message: messageOf(error) })
    return jsonAnswer(error.entry.retry === 'later' ? 503 : 400, { code: error.code, message: error.message, where: error.where })
  }
}

function isToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '')
  const expected = Buffer.from(`Bearer ${token}`)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
