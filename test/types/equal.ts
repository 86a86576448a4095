type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? unknown : 'these types differ'

/** `equal<Expected>()(actual)` compiles only when both are the same type, not merely assignable. */
export const equal =
  <Expected>() =>
  <Actual>(actual: Actual & Same<Expected, Actual>): unknown =>
    actual
