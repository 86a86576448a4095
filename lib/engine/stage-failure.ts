// Which stage an error of a pipeline came from, and what it means.
import { isMillraceError, type MillraceError } from '../model/errors.ts'

/** An error on its way out of a pipeline, with the stage it came from. */
export class StageFailure extends Error {
  readonly stage: string
  constructor(stage: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.stage = stage
  }
}

/** The error of a stage, saying so unless one further in has said it already. */
export function failed(error: unknown, stage: string | null): unknown {
  return stage === null || error instanceof StageFailure ? error : new StageFailure(stage, error)
}

/** What a pipeline's error means: the code of ours, or that an author's function threw. */
export function failureOf(error: unknown): { readonly code: MillraceError['code']; readonly message: string; readonly stage: string } {
  const stage = error instanceof StageFailure ? error.stage : 'from'
  const cause = error instanceof StageFailure ? error.cause : error
  if (isMillraceError(cause)) return { code: cause.code, message: cause.message, stage }
  return { code: 'USER_FUNCTION_FAILED', message: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause), stage }
}
