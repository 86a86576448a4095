// What a test of an adapter expects of an error: its code, words of its message, and nothing secret in it.
import assert from 'node:assert/strict'
import { type ErrorCode, isMillraceError } from '#lib/model/errors.ts'

/** The password that tests use where none may be told. */
export const SECRET = 'the-secret'

/** For assert.rejects() and assert.throws(). */
export const coded =
  (code: ErrorCode, words: RegExp) =>
  (error: unknown): true => {
    assert.ok(isMillraceError(error), String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, words)
    assert.ok(!error.message.includes(SECRET), 'a secret is told')
    return true
  }
