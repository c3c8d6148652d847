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

test('a message that comes back knows which pending one it was', () => {
  const pending = [{ id: 'c1', kind: 'message', target: 0, text: 'mine', at: NOON, state: 'sending' }]
  const before = draw({ pending }).at(-1)
  const after = draw({ messages: [message(1, 'me', 0, { id: 'c1' })] }).at(-1)
  assert.equal(after.was, before.key)
  assert.deepEqual([before.mine, before.from, before.state, after.state], [true, 'Zoë', 'sending', ''])
})

test('two people may use the same client id', () => {
  const all = draw({ messages: [message(1, 'me', 0, { id: 'c1' }), message(2, 'b', 0, { id: 'c1' })] })
  assert.equal(new Set(all.map(({ key }) => key)).size, all.length)
})

const change = (kind, target, state, more) => ({ id: `c-${kind}-${target}`, kind, target, text: kind === 'edit' ? 'better' : '', at: NOON, state, ...more })
const said = all => all.filter(({ kind }) => kind === 'message').map(({ seq, text, state, reason }) => [seq, text, state, reason])

test('a message is shown as it will be; the last of several changes counts', () => {
  const messages = [message(1, 'me', 0), message(2, 'me', 0), message(3, 'me', 0)]
  const pending = [change('edit', 1, 'queued', { text: 'first' }), change('edit', 1, 'sending'), change('delete', 2, 'queued')]
  assert.deepEqual(said(draw({ messages, pending })), [[1, 'better', 'sending', ''], [2, 'text 2', 'deleted', ''], [3, 'text 3', '', '']])
})

test('what was not changed is shown again, with what failed', () => {
  const messages = [message(1, 'me', 0), message(2, 'me', 0)]
  const error = { message: 'No.' }
  const pending = [change('edit', 1, 'failed', { error }), change('delete', 2, 'failed', { error }), change('edit', 9, 'failed', { error }), change('edit', 8, 'sending')]
  assert.deepEqual(said(draw({ messages, pending })), [[1, 'better', 'failed', 'No.'], [2, 'text 2', 'failed', 'No.'], [0, 'better', 'failed', 'No.']])
})

test('while a delete can be undone the message is neither there nor deleted', () => {
  assert.deepEqual(said(draw({ messages: [message(1, 'me', 0)], leaving: new Set([1]) })), [[1, 'text 1', 'leaving', '']])
})

test('an edit of what was deleted meanwhile is shown as mine', () => {
  const gone = { seq: 1, id: '', from: '', person: '', text: '', at: 0, deleted: true }
  const [day, row] = draw({ messages: [gone], pending: [change('edit', 1, 'failed', { error: { message: 'Gone.' } })] })
  assert.deepEqual([day.kind, row.from, row.person, row.at, row.text, row.seq], ['day', 'Zoë', 'me', NOON, 'better', 1])
})
