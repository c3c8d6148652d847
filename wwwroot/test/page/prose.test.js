import { test } from 'node:test'
import assert from 'node:assert/strict'
import { onlyEmoji } from '../../elements/list.js'

test('emoji and nothing else are shown larger', () => {
  for (const text of ['🎉', '🎉👏', '❤️', '👩🏽‍🚀', '🇫🇷', '🏴󠁧󠁢󠁷󠁬󠁳󠁿', '1️⃣', '🎉 👏\n🎉']) assert.equal(onlyEmoji(text), true, text)
  for (const text of ['', ' ', '1', '#', '12', 'ok 🎉', '🎉!', '©', '🎉'.repeat(9)]) assert.equal(onlyEmoji(text), false, text)
})
