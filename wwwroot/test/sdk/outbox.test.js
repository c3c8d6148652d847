import test from 'node:test'
import assert from 'node:assert/strict'
import { again, fakeChat, golden, inGeneral, ME, OTHER, page, said, seqs, settle, welcome } from './fake.js'

const mine = (seq, id, more) => said(seq, { id, person: ME, from: 'Ada', ...more })
const state = (room) => room.pending.map((item) => item.state).join()
const refusal = (id, more) => ({ type: 'error', id, code: 'too_fast', message: 'x', retry: true, ...more })

test('one in flight at a time, in order; the copy takes its place', async () => {
  const { room, socket } = await inGeneral(3)
  const items = ['a', 'b', 'c'].map((text) => room.send(text))
  assert.deepEqual(room.pending, items)
  assert.deepEqual(socket.all('message').map(({ text }) => text), ['a'])
  socket.say(mine(4, items[0].id, { text: 'a' }))
  assert.deepEqual(room.pending, items.slice(1))
  assert.equal(room.messages.at(-1).id, items[0].id)
  assert.deepEqual(socket.all('message').map(({ text }) => text), ['a', 'b'])
  socket.say(mine(5, items[1].id), mine(6, items[2].id))
  assert.equal(room.pending.length, 0)
  assert.deepEqual(seqs(room), [1, 2, 3, 4, 5, 6])
})

test('when the copy is announced, it is in messages and no more in pending', async () => {
  const { room, socket } = await inGeneral(0)
  const { id } = room.send('a')
  const looks = []
  room.addEventListener('messages', () => looks.push(['messages', room.messages.length, room.pending.length]))
  room.addEventListener('pending', () => looks.push(['pending', room.messages.length, room.pending.length]))
  socket.say(mine(1, id))
  assert.deepEqual(looks, [['messages', 1, 0], ['pending', 1, 0]])
})

test("another person's message with my id is no acknowledgement", async () => {
  const { room, socket } = await inGeneral(3)
  const { id } = room.send('a')
  socket.say(said(4, { id, person: OTHER }))
  assert.equal(room.pending.length, 1)
})

test('slow after 1 s without the copy', async () => {
  const { room, socket, clock, events } = await inGeneral(3)
  const item = room.send('a')
  assert.equal(item.state, 'sending')
  await clock.advance(999)
  assert.equal(item.state, 'sending')
  events.length = 0
  await clock.advance(1)
  assert.equal(item.state, 'slow')
  assert.deepEqual(events.map(([type]) => type), ['pending'])
  socket.say(mine(4, item.id))
  assert.equal(room.pending.length, 0)
})

test('a copy ahead of a gap lets the next one go, and stays in sight until its place is there', async () => {
  const { room, socket } = await inGeneral(3)
  const [a, b] = [room.send('a'), room.send('b')]
  socket.say(mine(5, a.id))
  assert.deepEqual(room.pending, [a, b])
  assert.equal(socket.last('message').text, 'b')
  socket.say(said(4))
  assert.deepEqual(room.pending, [b])
  assert.deepEqual(seqs(room), [1, 2, 3, 4, 5])
})

test('queued while offline, sent in order on coming back, after joined', async () => {
  const fake = await inGeneral(3)
  fake.socket.end()
  const [a, b] = [fake.room.send('a'), fake.room.send('b')]
  assert.equal(state(fake.room), 'queued,queued')
  const socket = await again(fake)
  assert.equal(state(fake.room), 'sending,sending')
  assert.equal(socket.last('message'), undefined)
  socket.say(page('joined', 4, 3))
  assert.equal(socket.last('message').id, a.id)
  socket.say(mine(4, a.id))
  assert.equal(socket.last('message').id, b.id)
})

test('queued until there is a name', async () => {
  const { chat, WebSocket } = fakeChat()
  const room = chat.join('general')
  chat.start()
  const socket = WebSocket.last
  socket.open()
  socket.say({ ...golden('events', 'welcome-nameless'), rooms: ['general'] }, page('joined', 1, 1))
  room.send('a')
  assert.equal(state(room), 'queued')
  assert.equal(socket.last('message'), undefined)
  socket.say({ type: 'renamed', person: ME, from: '', to: 'Ada' })
  assert.equal(socket.last('message').text, 'a')
})

test('unacknowledged at the end of a connection: sent again under the same id', async () => {
  const fake = await inGeneral(3)
  const item = fake.room.send('a')
  fake.socket.end()
  assert.equal(item.state, 'queued')
  const socket = await again(fake, page('joined', 4, 3))
  assert.deepEqual(socket.last('message'), { type: 'message', id: item.id, room: 'general', text: 'a' })
})

test('it was durable after all: the page brings the copy, nothing is sent again', async () => {
  const fake = await inGeneral(3)
  const item = fake.room.send('a')
  fake.socket.end()
  const { type, room, ...copy } = mine(4, item.id)
  const socket = await again(fake, page('joined', 4, 4, { messages: [copy] }))
  assert.equal(fake.room.pending.length, 0)
  assert.equal(socket.last('message'), undefined)
})

test('a repeat from below the window acknowledges too', async () => {
  const fake = await inGeneral(3)
  const item = fake.room.send('a')
  fake.socket.end()
  const socket = await again(fake, page('joined', 101, 110, { complete: false }))
  socket.say(mine(4, item.id))
  assert.equal(fake.room.pending.length, 0)
  assert.equal(fake.room.messages[0].seq, 101)
})

test('a copy whose place is of another epoch is not waited for', async () => {
  const fake = await inGeneral(3)
  const item = fake.room.send('a')
  fake.socket.say(mine(9, item.id))
  assert.deepEqual(fake.room.pending, [item])
  fake.socket.end()
  await again(fake, page('joined', 1, 2, { epoch: 'e2', complete: false }))
  assert.equal(fake.room.pending.length, 0)
})

for (const [more, wait] of [[{ after: 1234 }, 1234], [{}, 2000]]) {
  test(`retry:true: again after ${wait} ms, the next one waits`, async () => {
    const { room, socket, clock } = await inGeneral(3)
    const [a] = [room.send('a'), room.send('b')]
    socket.say(refusal(a.id, more))
    await clock.advance(wait - 1)
    assert.equal(socket.all('message').length, 1)
    await clock.advance(1)
    assert.deepEqual(socket.all('message').map(({ id }) => id), [a.id, a.id])
    assert.equal(a.error.code, 'too_fast')
  })
}

test('retry:false: failed with its error, the next one goes on; retry and discard', async () => {
  const { room, socket, seen } = await inGeneral(3)
  const [a, b] = [room.send('a'), room.send('b')]
  socket.say(refusal(a.id, { code: 'bad_field', retry: false }))
  assert.deepEqual([a.state, a.error.code, a.error.message], ['failed', 'bad_field', 'x'])
  assert.equal(socket.last('message').id, b.id)
  assert.equal(seen.some(([type]) => type === 'error'), false)
  room.retry(a.id)
  assert.deepEqual(room.pending, [b, a])
  assert.equal('error' in a, false)
  socket.say(mine(4, b.id))
  assert.equal(socket.last('message').id, a.id)
  socket.say(refusal(a.id, { code: 'bad_field', retry: false }))
  room.discard(a.id)
  assert.equal(room.pending.length, 0)
})

test('a failed one whose copy comes after all is not failed', async () => {
  const { room, socket } = await inGeneral(3)
  const a = room.send('a')
  socket.say(refusal(a.id, { retry: false }), mine(4, a.id))
  assert.equal(room.pending.length, 0)
})

test('not in the room any more: joins, then sends it again', async () => {
  const { room, socket, clock } = await inGeneral(3)
  const a = room.send('a')
  socket.say(refusal(a.id, { code: 'not_in_room', retry: false }))
  await settle()
  assert.equal(socket.all('join').length, 1)
  await clock.advance(2000)
  assert.equal(socket.all('message').length, 1)
  socket.say(page('joined', 4, 3, { id: socket.last('join').id }))
  assert.equal(socket.all('message').length, 2)
})

for (const code of [1008, 1009]) {
  test(`close ${code}: what was in flight is failed, what waited is not`, async () => {
    const { chat, room, socket } = await inGeneral(3)
    const [a, b] = [room.send('a'), room.send('b')]
    if (code === 1009) socket.say({ type: 'error', code: 'too_large', message: 'x', retry: false })
    socket.end(code)
    assert.deepEqual([a.state, b.state], ['failed', 'queued'])
    assert.equal(chat.state, code === 1008 ? 'stopped' : 'waiting')
  })
}

test('two drops of the connection under the same item: failed instead of trying for ever', async () => {
  const fake = await inGeneral(3)
  const [a, b] = [fake.room.send('a'), fake.room.send('b')]
  fake.socket.end()
  const second = await again(fake, page('joined', 4, 3))
  assert.equal(second.last('message').id, a.id)
  second.end()
  assert.deepEqual([a.state, b.state], ['failed', 'queued'])
  const third = await again(fake, page('joined', 4, 3))
  assert.equal(third.last('message').id, b.id)
})

test('drops whose cause is known do not count', async () => {
  const fake = await inGeneral(3)
  const a = fake.room.send('a')
  let { socket } = fake
  for (let i = 0; i < 5; i++) {
    socket.say({ type: 'error', code: 'restarting', message: 'x', retry: true, after: 350 })
    socket.end(1012)
    socket = await again(fake, page('joined', 4, 3))
  }
  assert.equal(a.state, 'sending')
  assert.equal(socket.last('message').id, a.id)
})

test('no copy and no error: again after 10 s, failed after four times', async () => {
  const { room, socket, clock } = await inGeneral(3)
  const a = room.send('a')
  for (let asked = 0; asked < 3; asked++) { // the connection is alive: it answers whether it is
    await clock.advance(10_000)
    socket.say({ type: 'pong', id: socket.last('ping').id, rooms: [{ room: 'general', epoch: 'e1', head: 3 }] })
  }
  await clock.advance(9_999)
  assert.equal(socket.all('message').length, 4)
  assert.equal(a.state, 'slow')
  await clock.advance(1)
  assert.deepEqual([a.state, a.error.code], ['failed', 'unanswered'])
})

test('a network that died without a word: another connection, and the item is not failed', async () => {
  const { chat, room, socket, clock } = await inGeneral(3)
  const a = room.send('a')
  await clock.advance(20_000) // 10 s without the copy, 10 s without an answer to a ping
  assert.notEqual(chat.state, 'online')
  assert.ok(socket.last('ping'))
  assert.notEqual(a.state, 'failed')
})

test("API Gateway's word for a failed function: again after 2 s", async () => {
  const { room, socket, clock } = await inGeneral(3)
  room.send('a')
  socket.say('{"message": "Internal server error", "connectionId":"a", "requestId":"b"}')
  await clock.advance(2000)
  assert.equal(socket.all('message').length, 2)
})

test('too long is found before sending, and the next one goes on', async () => {
  const { room, socket } = await inGeneral(3)
  const a = room.send('x'.repeat(9120))
  room.send('b')
  assert.deepEqual([a.state, a.error.code], ['failed', 'too_large'])
  assert.equal(a.error.message, 'A message may have 8,000 characters; this one has 9,120.')
  assert.deepEqual(socket.all('message').map(({ text }) => text), ['b'])
})

test('half a surrogate pair never goes out', async () => {
  const { room, socket } = await inGeneral(3)
  room.send('a\ud83d')
  assert.equal(socket.last('message').text, 'a\ufffd')
  assert.ok(!socket.raw.at(-1).includes('\\ud83d'))
})

test('ids are unique and short', async () => {
  const ids = new Set()
  for (const random of [() => 0.1, () => 0.7]) {
    const { room } = await inGeneral(0, { random })
    for (let i = 0; i < 50; i++) ids.add(room.send('a').id)
  }
  assert.equal(ids.size, 100)
  for (const id of ids) assert.match(id, /^[a-z0-9]{12}-\d+$/)
})

test('what waits is bounded', async () => {
  const { room } = await inGeneral(0)
  for (let i = 0; i < 1000; i++) room.send('a')
  assert.throws(() => room.send('a'), { code: 'busy' })
})
