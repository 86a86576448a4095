import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TextSource } from '#lib/adapters/file/text-source.ts'
import { TextWindow } from '#lib/adapters/file/text-window.ts'

/** Gives these pieces, then throws. */
function failing(...pieces: readonly string[]): TextSource {
  let next = 0
  return {
    bytesRead: 0,
    read: async () => {
      const piece = pieces[next++]
      if (piece === undefined) throw new Error('the disk is gone')
      return Buffer.from(piece)
    },
    close: () => {},
  }
}
const unused = (window: TextWindow): string => window.bytes.toString('utf8', window.at, window.end)

test('text that came before a failure is handed out first; the failure comes with the next fill, and with every one after it', async () => {
  const window = await TextWindow.open('x', failing('1,aaaaaaaaaa', '\n2,', 'b\n'))
  await window.fill()
  assert.equal(unused(window), '1,aaaaaaaaaa\n2,b\n')
  assert.equal(window.final, false)
  window.at = window.end
  await assert.rejects(window.fill(), /the disk is gone/)
  await assert.rejects(window.fill(), /the disk is gone/)
})
test('a fill at least doubles what is unused, and used text is forgotten', async () => {
  const pieces = Array.from({ length: 40_000 }, (_, i) => `piece ${i % 10}, `)
  const window = await TextWindow.open('x', failing(...pieces))
  let taken = ''
  while (window.end - window.at < 5_000) {
    const before = window.end - window.at
    await window.fill()
    assert.ok(window.end - window.at >= 2 * before)
  }
  for (;;) {
    taken += unused(window)
    window.at = window.end
    try {
      await window.fill()
    } catch {
      break
    }
  }
  assert.equal(taken, pieces.join(''))
  assert.ok(window.bytes.length <= 512 * 1024)
})
