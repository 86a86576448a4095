// `--http PORT`: what a monitor asks a process for.
import { type Answer, jsonAnswer, type Listening, listen } from '#lib/cli/control/listen.ts'
import { type Health, liveness, readiness } from '#lib/observe/health.ts'
import type { Metrics } from '#lib/observe/metrics.ts'
import type { TaskWords } from '#lib/ports/inspection.ts'

export interface Watched {
  readonly words: () => readonly TaskWords[]
  /** Tasks that should live here. */
  readonly expected: () => number | 'opening'
  readonly metrics: Metrics
}

/** @throws PORT_IN_USE, OPTION_INVALID */
export function serveHealth(port: number, { words, expected, metrics }: Watched): Promise<Listening> {
  const routes: Readonly<Record<string, () => Promise<Answer>>> = {
    '/health/live': async () => healthAnswer(liveness(words())),
    '/health/ready': async () => healthAnswer(readiness(words(), expected())),
    '/metrics': async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
  }
  return listen(port, async ({ url = '/', method }) => {
    const route = routes[url.split('?')[0]!]
    if (route === undefined) return jsonAnswer(404, { message: `there are ${Object.keys(routes).join(', ')}` })
    if (method !== 'GET' && method !== 'HEAD') return jsonAnswer(405, { message: 'GET is answered, nothing else' })
    return route()
  })
}

const healthAnswer = (health: Health): Answer =>
  jsonAnswer(health.verdict === 'well' ? 200 : 503, { status: health.verdict, reasons: health.reasons })
