import { test } from 'node:test'
import assert from 'node:assert/strict'
import { shownWindow } from '../../elements/list.js'

const messages = Array.from({ length: 10 }, (_, i) => ({ seq: 2 * (i + 1) })) // sequences have holes

test('the newest, or a part from a sequence on', () => {
  assert.deepEqual(shownWindow(messages, 0, 4), { from: 6, to: 10 })
  assert.deepEqual(shownWindow(messages, 0, 40), { from: 0, to: 10 })
  assert.deepEqual(shownWindow(messages, 6, 4), { from: 2, to: 6 })
  assert.deepEqual(shownWindow(messages, 7, 4), { from: 3, to: 7 })
  assert.deepEqual(shownWindow(messages, 18, 4), { from: 8, to: 10 })
  assert.deepEqual(shownWindow(messages, 99, 4), { from: 6, to: 10 })
  assert.deepEqual(shownWindow([], 0, 4), { from: 0, to: 0 })
})
