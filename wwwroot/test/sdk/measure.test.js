import test from 'node:test'
import assert from 'node:assert/strict'
import { measure } from '../../sdk/protocol.js'

for (const [why, text, want] of [
  ['empty', '', { runes: 0, bytes: 2, over: false, left: 8000 }],
  ['a pair of surrogates is one code point and 4 bytes', '👍', { runes: 1, bytes: 6, over: false, left: 7999 }],
  ['what JSON must escape', '"\n\u0001', { runes: 3, bytes: 2 + 2 + 2 + 6, over: false, left: 7997 }],
  ['what JSON need not escape', '<&\u2028é', { runes: 4, bytes: 2 + 2 + 3 + 2, over: false, left: 7996 }],
  ['as long as may be', 'x'.repeat(8000), { runes: 8000, bytes: 8002, over: false, left: 0 }],
  ['one more', 'x'.repeat(8001), { runes: 8001, bytes: 8003, over: true, left: -1 }],
  ['few enough characters, too many bytes', '😀'.repeat(7680), { runes: 7680, bytes: 30722, over: true, left: 320 }],
]) test(why, () => assert.deepEqual(measure(text), want))

test('the limits are those of the welcome', () => {
  assert.equal(measure('xxx', { frame: 100, text: 2, textBytes: 100, name: 1, room: 1, rooms: 1, history: 1 }).over, true)
})
