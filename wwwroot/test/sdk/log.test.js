import test from 'node:test'
import assert from 'node:assert/strict'
import { LogWindow } from '../../sdk/log.js'
import { page, said, seeded } from './fake.js'

const message = (seq, more) => said(seq, more)
const at = (log) => log.messages.map(({ seq }) => seq)
const opened = (...range) => {
  const log = new LogWindow()
  log.reset(page('joined', ...range))
  return log
}

test('what comes in order is appended', () => {
  const log = opened(1, 2)
  assert.deepEqual(log.receive(message(3), true).map(({ kind, items }) => [kind, items.map(({ seq }) => seq)]), [['append', [3]]])
  assert.deepEqual(at(log), [1, 2, 3])
})

test('a repeat is dropped', () => {
  const log = opened(1, 2)
  log.receive(message(3), true)
  assert.deepEqual(log.receive(message(3), true), [])
  assert.deepEqual(log.receive(message(1), true), [])
  assert.deepEqual(at(log), [1, 2, 3])
})

test('what is ahead of a gap waits, and comes in one go', () => {
  const log = opened(1, 2)
  assert.deepEqual(log.receive(message(5), true), [])
  assert.deepEqual(log.receive(message(4), true), [])
  assert.equal(log.behind, true)
  assert.equal(log.receive(message(3), true)[0].items.length, 3)
  assert.deepEqual(at(log), [1, 2, 3, 4, 5])
  assert.equal(log.behind, false)
})

test('what comes before the first page waits for it', () => {
  const log = new LogWindow()
  assert.deepEqual(log.receive(message(4), false), [])
  log.reset(page('joined', 1, 3))
  assert.deepEqual(at(log), [1, 2, 3, 4])
})

test('a page closes a gap, whatever it overlaps', () => {
  const log = opened(1, 3)
  log.receive(message(8), true)
  log.merge(page('history', 2, 7))
  assert.deepEqual(at(log), [1, 2, 3, 4, 5, 6, 7, 8])
})

test('a page that touches nothing only tells the head', () => {
  const log = opened(1, 3)
  assert.deepEqual(log.merge(page('history', 10, 12)), [])
  assert.deepEqual(at(log), [1, 2, 3])
  assert.equal(log.behind, true)
})

test('a page written before what came by itself does not hide that something is missing', () => {
  const log = opened(1, 3)
  log.receive(message(8), true)
  log.merge(page('history', 4, 5))
  assert.equal(log.behind, true)
})

test('what is deleted stays deleted', () => {
  const log = opened(1, 3)
  log.receive({ type: 'delete', seq: 4, target: 2, text: '' }, true)
  log.receive({ type: 'edit', seq: 5, target: 2, text: 'back' }, true)
  log.merge(page('history', 1, 3))
  assert.deepEqual([log.messages[1].text, log.messages[1].deleted], ['', true])
})

test('an older page is prepended, and trimmed ones come back', () => {
  const log = opened(11, 20)
  assert.equal(log.atStart, false)
  assert.deepEqual(log.merge(page('history', 1, 10)).map(({ kind }) => kind), ['prepend'])
  assert.equal(log.atStart, true)
  assert.equal(log.trim(5)[0].items.length, 15)
  assert.deepEqual(at(log), [16, 17, 18, 19, 20])
  assert.equal(log.atStart, false)
  log.merge(page('history', 10, 15))
  assert.deepEqual(at(log), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
})

test('what is held is bounded; what is nearest stays', () => {
  const ahead = Array.from({ length: 998 }, (_, i) => i + 3)
  for (const order of [ahead, ahead.toReversed()]) {
    const log = opened(1, 1)
    for (const seq of order) log.receive(message(seq), true)
    log.receive(message(2), true)
    assert.equal(log.to, 257) // 2 took the place of the farthest of 256
    assert.equal(log.head, 1000)
  }
})

test('edits and deletes are entries: they take a sequence and change an earlier message', () => {
  const log = opened(1, 3)
  const [detail] = log.receive({ type: 'edit', seq: 4, target: 2, text: 'better' }, true)
  assert.deepEqual([detail.kind, detail.items.map(({ seq, text, edited }) => [seq, text, edited])], ['change', [[2, 'better', 4]]])
  log.receive({ type: 'delete', seq: 5, target: 1, text: '' }, true)
  assert.deepEqual(log.messages.map(({ text, deleted }) => [text, deleted ?? false]), [['', true], ['better', false], ['text 3', false]])
  assert.equal(log.receive(message(6), true).length, 1)
  assert.equal(log.to, 6)
})

test('an edit that waits behind a gap is applied when its turn comes', () => {
  const log = opened(1, 3)
  log.receive({ type: 'edit', seq: 5, target: 4, text: 'better' }, true)
  log.receive(message(4), true)
  assert.equal(log.messages[3].text, 'better')
})

test('changes of a page apply to messages before it; older states do not win', () => {
  const log = opened(1, 3)
  log.merge(page('history', 4, 5, { messages: [], changes: [{ type: 'edit', seq: 4, target: 1, text: 'new' }, { type: 'edit', seq: 5, target: 99, text: 'nobody' }] }))
  assert.equal(log.messages[0].text, 'new')
  log.merge(page('history', 1, 3))
  assert.equal(log.messages[0].text, 'new')
})

test('an older page written before an edit that came by itself shows the edit', () => {
  const log = opened(11, 20)
  log.receive({ type: 'edit', seq: 21, target: 5, text: 'new' }, true)
  log.merge(page('history', 1, 10))
  assert.equal(log.messages[4].text, 'new')
})

test('a change that waits behind a gap is told when its turn comes, also if an older page came between', () => {
  const log = opened(11, 20)
  log.receive({ type: 'delete', seq: 22, target: 15, text: '' }, true)
  assert.deepEqual(log.merge(page('history', 1, 10)).map(({ kind }) => kind), ['prepend'])
  assert.deepEqual(log.receive(message(21), true).map(({ kind }) => kind), ['append', 'change'])
})

test('any order, any repeats: each once and in order', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seeded(seed)
    const log = opened(1, 1)
    const frames = Array.from({ length: 60 }, (_, i) => message(i + 2)).flatMap((m) => (random() < 0.3 ? [m, m] : [m]))
    for (let i = frames.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [frames[i], frames[j]] = [frames[j], frames[i]]
    }
    for (const frame of frames) log.receive(frame, true)
    assert.deepEqual(at(log), Array.from({ length: 61 }, (_, i) => i + 1), `seed ${seed}`)
  }
})
