// The Inspection of a system in another process, through its control port.
import { type ErrorCode, ERRORS, MillraceError, messageOf, type Where } from '../../model/errors.ts'
import type { Inspection } from '../../ports/inspection.ts'
import type { ControlAddress } from './address.ts'
import { LOOPBACK } from './listen.ts'
import { ARGUMENTS, type Question } from './routes.ts'

/** @throws (every member) NOT_RUNNING when nobody answers there, and whatever the system throws */
export function remoteInspection(address: ControlAddress): Inspection {
  const ask =
    (question: Question) =>
    (...given: readonly unknown[]): Promise<unknown> =>
      answered(address, question, given)
  return Object.fromEntries(Object.keys(ARGUMENTS).map(q => [q, ask(q as Question)])) as unknown as Inspection
}

/** Whether the process that wrote the address answers; false when it is gone, or another one has its port. */
export async function answers(address: ControlAddress): Promise<boolean> {
  try {
    const response = await fetch(`http://${LOOPBACK}:${address.port}/topics`, { method: 'POST', headers: headersOf(address), body: '[]' })
    const answer: unknown = JSON.parse(await response.text())
    if (response.ok) return Array.isArray(answer)
    const { code } = answer as { readonly code?: unknown }
    return response.status !== 401 && typeof code === 'string' && Object.hasOwn(ERRORS, code)
  } catch {
    return false
  }
}

const headersOf = ({ token }: ControlAddress): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
})

async function answered(address: ControlAddress, question: Question, given: readonly unknown[]): Promise<unknown> {
  let response: Response
  let text: string
  try {
    response = await fetch(`http://${LOOPBACK}:${address.port}/${question}`, {
      method: 'POST',
      headers: headersOf(address),
      body: JSON.stringify(given),
    })
    text = await response.text()
  } catch (error) {
    throw new MillraceError(
      'NOT_RUNNING',
      `process ${address.pid}, which runs this data directory, does not answer or ended meanwhile; ask again`,
      { cause: error },
    )
  }
  if (response.ok) return JSON.parse(text)
  throw errorIn(text)
}

function errorIn(text: string): MillraceError {
  try {
    const { code, message, where } = JSON.parse(text) as { code: string; message: string; where?: Where }
    if (Object.hasOwn(ERRORS, code)) return new MillraceError(code as ErrorCode, message, where === undefined ? {} : { where })
  } catch (error) {
    return new MillraceError('INTERNAL', `the control port answered what is no JSON: ${messageOf(error)}`)
  }
  return new MillraceError('INTERNAL', `the control port answered: ${text.slice(0, 500)}`)
}
