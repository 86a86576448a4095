// A small HTTP server on the loopback interface: nobody but this machine reaches it.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MillraceError, messageOf } from '../../model/errors.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}
export type Handler = (request: IncomingMessage) => Promise<Answer>

export interface Listening {
  readonly port: number
  /** Answers under way are given up. */
  close(): Promise<void>
}

export const LOOPBACK = '127.0.0.1'

export const jsonAnswer = (status: number, value: unknown): Answer => ({
  status,
  type: 'application/json',
  body: `${JSON.stringify(value)}\n`,
})

/** @param port 0: any free one. @throws PORT_IN_USE */
export async function listen(port: number, handler: Handler): Promise<Listening> {
  const server = createServer((request, response) => {
    void handler(request)
      .catch((error: unknown) => jsonAnswer(500, { code: 'INTERNAL', message: messageOf(error) }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
        response.end(body)
      })
  })
  await listening(server, port)
  server.unref() // what keeps the process alive is its work
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new MillraceError('PORT_IN_USE', `another program listens on ${LOOPBACK}:${port}; choose another port, or 0 for any free one`, {
            cause: error,
          }),
        )
      else if (error.code === 'EACCES')
        reject(new MillraceError('OPTION_INVALID', `port ${port} is reserved for the system; choose one from 1024 on`, { cause: error }))
      else reject(error)
    })
    server.listen(port, LOOPBACK, () => resolve())
  })
}

/** The whole body as text. @throws OPTION_INVALID when it is longer than `limit` bytes */
export async function bodyOf(request: IncomingMessage, limit: number): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > limit) throw new MillraceError('OPTION_INVALID', `a request of more than ${limit} bytes is refused`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
