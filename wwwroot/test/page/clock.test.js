import { test } from 'node:test'
import assert from 'node:assert/strict'
import { dayName, dayOf } from '../../elements/rows.js'

const at = (...parts) => new Date(...parts).getTime()

test('a day is a local date', () => {
  assert.equal(dayOf(at(2026, 10, 22, 0, 0)), dayOf(at(2026, 10, 22, 23, 59)))
  assert.notEqual(dayOf(at(2026, 10, 22, 23, 59)), dayOf(at(2026, 10, 23, 0, 0)))
})

test('the last two days have names of their own', () => {
  const now = at(2026, 10, 22, 0, 5)
  assert.equal(dayName(at(2026, 10, 22, 0, 1), now), 'Today')
  assert.equal(dayName(at(2026, 10, 21, 23, 59), now), 'Yesterday')
  assert.match(dayName(at(2026, 10, 20, 12), now), /20/)
  assert.doesNotMatch(dayName(at(2026, 10, 20, 12), now), /2026/)
  assert.match(dayName(at(2025, 10, 20, 12), now), /2025/)
})
