import test from 'node:test'
import assert from 'node:assert/strict'
import { again, inGeneral, ME, OTHER, page, said, seqs, settle } from './fake.js'

test('joined, people, and messages in order', async () => {
  const { room, events } = await inGeneral(3)
  assert.deepEqual(seqs(room), [1, 2, 3])
  assert.equal(room.joined, true)
  assert.equal(room.atStart, true)
  assert.equal(room.epoch, 'e1')
  assert.deepEqual(events.map(([type]) => type), ['messages', 'joined', 'people'])
})

test('messages before joined, out of order and twice', async () => {
  const { chat, socket } = await inGeneral(0)
  const design = chat.join('design')
  socket.say(said(5, { room: 'design' }), said(4, { room: 'design' }), said(5, { room: 'design' }), page('joined', 1, 3, { room: 'design' }))
  assert.deepEqual(seqs(design), [1, 2, 3, 4, 5])
})

test('a gap is waited for 300 ms and a jitter, then asked for', async () => {
  const { room, socket, clock } = await inGeneral(3)
  socket.say(said(6))
  await clock.advance(449) // 300 + 0.5 * 300
  assert.equal(socket.last('history'), undefined)
  await clock.advance(1)
  assert.equal(socket.last('history').after, 3)
  assert.equal(socket.last('history').room, 'general')
  socket.say(page('history', 4, 6, { id: socket.last('history').id }))
  await settle()
  assert.deepEqual(seqs(room), [1, 2, 3, 4, 5, 6])
  await clock.advance(60_000)
  assert.equal(socket.all('history').length, 1)
})

test('a gap that closes by itself is not asked for', async () => {
  const { room, socket, clock } = await inGeneral(3)
  socket.say(said(5))
  await clock.advance(200)
  socket.say(said(4))
  await clock.advance(60_000)
  assert.deepEqual(seqs(room), [1, 2, 3, 4, 5])
  assert.equal(socket.last('history'), undefined)
})

test('an answer that does not come, or brings nothing, is asked for again', async () => {
  const { room, socket, clock } = await inGeneral(3)
  socket.say(said(5))
  await clock.advance(500)
  await clock.advance(10_000 + 2000) // unanswered, then 2 s
  assert.equal(socket.all('history').length, 2)
  socket.say(page('history', 4, 3, { id: socket.last('history').id, head: 5 }))
  await clock.advance(5000)
  assert.equal(socket.all('history').length, 3)
  socket.say({ type: 'error', id: socket.last('history').id, code: 'unavailable', message: 'x', retry: true, after: 10 })
  await clock.advance(10_000)
  socket.say(page('history', 4, 5, { id: socket.last('history').id }))
  await settle()
  assert.deepEqual(seqs(room), [1, 2, 3, 4, 5])
})

test('a room is resumed by its position, page by page', async () => {
  const fake = await inGeneral(3)
  fake.socket.end()
  const socket = await again(fake, page('joined', 4, 5, { more: true, head: 9 }))
  assert.deepEqual(socket.last('hello').rooms, [{ room: 'general', epoch: 'e1', after: 3 }])
  assert.equal(socket.last('history').after, 5)
  socket.say(page('history', 6, 7, { id: socket.last('history').id, more: true, head: 9 }))
  await settle()
  assert.equal(socket.last('history').after, 7)
  socket.say(page('history', 8, 9, { id: socket.last('history').id, head: 9 }))
  await settle()
  assert.deepEqual(seqs(fake.room), [1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(socket.all('history').length, 2)
  assert.equal(fake.events.some(([type]) => type === 'incomplete'), false)
})

test('what comes on a new connection before its joined waits', async () => {
  const fake = await inGeneral(3)
  fake.socket.end()
  await again(fake, said(4, { text: 'of another epoch' }), page('joined', 10, 12, { epoch: 'e2', complete: false, head: 12 }))
  assert.deepEqual(seqs(fake.room), [10, 11, 12])
  assert.equal(fake.events.some(([, detail]) => detail?.kind === 'append'), false)
})

test('what waited behind a gap is forgotten with its connection', async () => {
  const fake = await inGeneral(3)
  fake.socket.say(said(5, { text: 'of the old epoch' }))
  fake.socket.end()
  await again(fake, page('joined', 1, 4, { epoch: 'e2', complete: false }))
  assert.deepEqual(seqs(fake.room), [1, 2, 3, 4])
})

test('a joined that nobody waits for is a repeat', async () => {
  const { room, socket, events } = await inGeneral(3)
  events.length = 0
  socket.say(page('joined', 1, 2, { epoch: 'e0', complete: false }), page('joined', 1, 3))
  assert.deepEqual(seqs(room), [1, 2, 3])
  assert.equal(room.epoch, 'e1')
  assert.deepEqual(events, [])
})

test('incomplete: the window starts over, and it is told', async () => {
  const fake = await inGeneral(3)
  fake.socket.end()
  fake.events.length = 0
  await again(fake, page('joined', 101, 140, { complete: false, more: true, head: 140, floor: 50 }))
  assert.equal(fake.room.messages[0].seq, 101)
  assert.equal(fake.room.messages.length, 40)
  assert.equal(fake.room.atStart, false)
  assert.deepEqual(fake.events.map(([type, d]) => d?.kind ?? type), ['reset', 'incomplete', 'joined', 'people'])
})

test('another epoch starts over', async () => {
  const fake = await inGeneral(3)
  fake.socket.end()
  await again(fake, page('joined', 1, 2, { epoch: 'e2', complete: false }))
  assert.deepEqual(seqs(fake.room), [1, 2])
  assert.equal(fake.room.epoch, 'e2')
  assert.equal(fake.events.filter(([type]) => type === 'incomplete').length, 1)
})

test('a lost tail is found by ping', async () => {
  const { chat, room, socket, clock } = await inGeneral(3)
  chat.wake()
  await settle()
  assert.deepEqual(socket.last('ping').rooms, [{ room: 'general', epoch: 'e1', after: 3 }])
  socket.say({ type: 'pong', id: socket.last('ping').id, rooms: [{ room: 'general', epoch: 'e1', head: 4 }] })
  await clock.advance(600)
  assert.equal(socket.last('history').after, 3)
  socket.say(page('history', 4, 4, { id: socket.last('history').id }))
  await settle()
  assert.deepEqual(seqs(room), [1, 2, 3, 4])
})

test('a pong with another epoch, or without the room, joins again', async () => {
  const { chat, room, socket } = await inGeneral(3)
  chat.wake()
  await settle()
  socket.say({ type: 'pong', id: socket.last('ping').id, rooms: [{ room: 'general', epoch: 'e2', head: 4 }] })
  await settle()
  assert.deepEqual({ ...socket.last('join'), id: '' }, { type: 'join', id: '', room: 'general', epoch: 'e1', after: 3 })
  socket.say(page('joined', 1, 4, { id: socket.last('join').id, epoch: 'e2', complete: false }))
  await settle()
  chat.wake()
  await settle()
  socket.say({ type: 'pong', id: socket.last('ping').id, rooms: [] })
  await settle()
  assert.equal(socket.all('join').length, 2)
  assert.equal(room.epoch, 'e2')
})

test('a promised joined that does not come is asked for', async () => {
  const fake = await inGeneral(3)
  fake.socket.end()
  const socket = await again(fake)
  await fake.clock.advance(10_000)
  assert.equal(socket.all('join').length, 1)
  socket.say(page('joined', 4, 4, { id: socket.last('join').id }))
  await settle()
  assert.deepEqual(seqs(fake.room), [1, 2, 3, 4])
})

test('older pages: how many, one question at a time, pages of edits alone are read through', async () => {
  const { chat, socket } = await inGeneral()
  const design = chat.join('design')
  await settle()
  socket.say(page('joined', 101, 140, { room: 'design', more: true }))
  const first = design.loadOlder()
  assert.equal(design.loadOlder(), first)
  await settle()
  assert.deepEqual([socket.last('history').before, socket.last('history').limit], [101, 40])
  socket.say(page('history', 81, 100, { room: 'design', id: socket.last('history').id, head: 140, more: true, messages: [], changes: [{ type: 'edit', seq: 90, target: 102, text: 'no' }] }))
  await settle()
  assert.equal(socket.last('history').before, 81)
  socket.say(page('history', 1, 80, { room: 'design', id: socket.last('history').id, head: 140 }))
  assert.equal(await first, 80)
  assert.equal(design.atStart, true)
  assert.equal(await design.loadOlder(), 0)
  assert.equal(socket.all('history').length, 2)
})

test('trim forgets the oldest and says so', async () => {
  const { room, events } = await inGeneral(10)
  events.length = 0
  room.trim(4)
  assert.deepEqual(seqs(room), [7, 8, 9, 10])
  assert.equal(room.atStart, false)
  assert.deepEqual(events.map(([type, d]) => [type, d.kind, d.items.length]), [['messages', 'trim', 6]])
})

test('people come, go and are renamed; above 50 only the count', async () => {
  const { room, socket } = await inGeneral()
  const grace = { id: OTHER, name: 'Grace', color: 42 }
  socket.say({ type: 'presence', room: 'general', joined: [grace], count: 2 })
  assert.deepEqual([...room.people.values()], [grace])
  socket.say({ type: 'renamed', person: OTHER, from: 'Grace', to: 'Grace H.' })
  assert.equal(room.people.get(OTHER).name, 'Grace H.')
  socket.say({ type: 'presence', room: 'general', left: [grace], count: 1 })
  assert.equal(room.people.size, 0)
  socket.say({ type: 'presence', room: 'general', count: 312 })
  assert.equal(room.count, 312)
})

test('typing is said at most every 3 s, shown for 6 s, and ends with a message', async () => {
  const { room, socket, clock } = await inGeneral(3)
  for (let i = 0; i < 29; i++) {
    room.typingNow()
    await clock.advance(100)
  }
  assert.equal(socket.all('typing').length, 1)
  await clock.advance(100)
  room.typingNow()
  assert.equal(socket.all('typing').length, 2)
  room.send('done')
  room.typingNow()
  assert.equal(socket.all('typing').length, 3, 'after a message the next word is news at once')
  socket.say({ type: 'typing', room: 'general', person: OTHER, name: 'Grace' }, { type: 'typing', room: 'general', person: ME, name: 'Ada' })
  assert.deepEqual([...room.typing], [[OTHER, 'Grace']])
  await clock.advance(6000)
  assert.equal(room.typing.size, 0)
  socket.say({ type: 'typing', room: 'general', person: OTHER, name: 'Grace' }, said(4))
  assert.equal(room.typing.size, 0)
})

test('leave: it is told, and what still comes for the room is ignored', async () => {
  const { chat, room, socket, seen } = await inGeneral(3)
  chat.leave('general')
  await settle()
  socket.say({ type: 'error', id: socket.last('leave').id, code: 'not_in_room', message: 'x', retry: false })
  assert.equal(seen.some(([type]) => type === 'error'), false)
  assert.equal(socket.last('leave').room, 'general')
  socket.say(said(4))
  assert.deepEqual(seqs(room), [1, 2, 3])
  assert.equal(chat.rooms.size, 0)
})
