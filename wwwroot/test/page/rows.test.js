import { test } from 'node:test'
import assert from 'node:assert/strict'
import { rows } from '../../elements/rows.js'

const NOON = new Date(2026, 10, 22, 12).getTime()
const MINUTE = 60 * 1000

const message = (seq, person, minute, more = {}) => ({ seq, id: '', from: person, person, text: `text ${seq}`, at: NOON + minute * MINUTE, ...more })
const draw = more => rows({ messages: [], pending: [], lines: [], whole: true, you: { id: 'me', name: 'Zoë' }, ...more })
const shape = all => all.map(row => row.kind !== 'message' ? row.kind : `${row.seq || 'pending'}${row.follows ? ' follows' : ''}`)

test('messages of one person within five minutes share a header', () => {
  const messages = [message(1, 'a', 0), message(2, 'a', 4), message(3, 'a', 8), message(4, 'a', 13), message(5, 'b', 13), message(6, 'a', 13)]
  assert.deepEqual(shape(draw({ messages })), ['day', '1', '2 follows', '3 follows', '4', '5', '6'])
})

test('another name is another header', () => {
  assert.deepEqual(shape(draw({ messages: [message(1, 'a', 0), message(2, 'a', 1, { from: 'A.' })] })), ['day', '1', '2'])
})

test('what is gone does not hide who speaks', () => {
  const gone = { seq: 2, id: '', from: '', person: '', text: '', at: 0, deleted: true }
  const all = draw({ messages: [message(1, 'a', 0), gone, { ...gone, seq: 3, deleted: false, lost: true }, message(4, 'a', 1)] })
  assert.deepEqual(all.map(({ state }) => state), [undefined, '', 'deleted', 'lost', ''])
  assert.deepEqual(shape(all), ['day', '1', '2', '3 follows', '4'])
})

test('a day begins with its name, and every key is its own though clocks differ', () => {
  const all = draw({ messages: [message(1, 'a', -1440), message(2, 'a', 0), message(3, 'b', -1440), message(4, 'b', 0)] })
  assert.deepEqual(shape(all), ['day', '1', 'day', '2', 'day', '3', 'day', '4'])
  assert.equal(new Set(all.map(({ key }) => key)).size, all.length)
})

test('lines stand where they happened, also before the first message', () => {
  const lines = [0, 1, 2].map(after => ({ after, at: NOON, key: `line ${after}`, words: ['x'] }))
  assert.deepEqual(shape(draw({ messages: [message(1, 'a', 0), message(2, 'a', 1)], lines })), ['day', 'line', '1', 'line', '2', 'line'])
  assert.deepEqual(shape(draw({ messages: [message(2, 'a', 1)], lines, whole: false })), ['day', '2', 'line'])
})

test('a pending message keeps its key when it comes back', () => {
  const pending = [{ id: 'c1', text: 'mine', at: NOON, state: 'sending' }]
  const before = draw({ pending }).at(-1)
  const after = draw({ messages: [message(1, 'me', 0, { id: 'c1' })] }).at(-1)
  assert.equal(before.key, after.key)
  assert.deepEqual([before.mine, before.from, before.state, after.state], [true, 'Zoë', 'sending', ''])
})

test('two people may use the same client id', () => {
  const all = draw({ messages: [message(1, 'me', 0, { id: 'c1' }), message(2, 'b', 0, { id: 'c1' })] })
  assert.equal(new Set(all.map(({ key }) => key)).size, all.length)
})
