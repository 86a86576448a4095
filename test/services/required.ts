// Tests that need a real service: they run where it can be had, say why they skip where not, and fail where it must be there.

/** True where a missing service is a failure: in CI unless it says that it could not install them, and where it is asked for. */
const { CI, MILLRACE_REQUIRE_SERVICES } = process.env
const REQUIRED = MILLRACE_REQUIRE_SERVICES === '1' || (CI === 'true' && MILLRACE_REQUIRE_SERVICES !== '0')

/** For the options of node:test: `describe('…', needs('redis-server', redisServer()), …)`. */
export function needs(what: string, found: unknown): { readonly skip: string | false } {
  if (found !== null && found !== undefined && found !== false) return { skip: false }
  if (REQUIRED) throw new Error(`${what} is needed here (CI or MILLRACE_REQUIRE_SERVICES is set), and it is not installed`)
  return { skip: `${what} is not installed on this machine` }
}
