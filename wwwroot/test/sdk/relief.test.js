// A connection that has become old hands over to the next one; a page that nobody
// looks at rests.
import test from 'node:test'
import assert from 'node:assert/strict'
import { again, inGeneral, ME, page, said, seqs, settle, welcome } from './fake.js'

const MINUTE = 60 * 1000
const mine = (seq, id, more) => said(seq, { id, person: ME, from: 'Ada', ...more })

/** Time passes, and the server answers each ping. */
const live = async ({ clock, WebSocket }, minutes, head = 3) => {
  const answered = new Set()
  for (let i = 0; i < minutes; i++) {
    await clock.advance(MINUTE)
    const socket = WebSocket.all.findLast(({ readyState }) => readyState === 1)
    const ping = socket?.last('ping')
    if (!ping || answered.has(ping.id)) continue
    answered.add(ping.id)
    socket.say({ type: 'pong', id: ping.id, rooms: [{ room: 'general', epoch: 'e1', head }] })
    await settle()
  }
}

/** The connection is old, the next one is open and has said hello. */
const relieved = async () => {
  const fake = await inGeneral(3)
  fake.seen.length = 0
  await live(fake, 105)
  const next = fake.WebSocket.last
  assert.equal(fake.WebSocket.all.length, 2)
  next.open()
  return { ...fake, next }
}

test('before two hours the next connection is opened, then the old one closed', async () => {
  const { chat, room, socket, next, seen, events } = await relieved()
  events.length = 0
  assert.deepEqual(next.last('hello').rooms, [{ room: 'general', epoch: 'e1', after: 3 }])
  socket.say(said(4))
  assert.equal(socket.closedByUs, undefined, 'the old one works until the next one does')
  next.say(page('joined', 4, 5), welcome({ rooms: ['general'] }))
  assert.equal(socket.closedByUs, true)
  assert.deepEqual(seqs(room), [1, 2, 3, 4, 5])
  assert.deepEqual(events.filter(([type]) => type === 'messages').map(([, { kind, items }]) => [kind, items.map(({ seq }) => seq)]), [['append', [4]], ['append', [5]]])
  assert.deepEqual(seen.filter(([type]) => type === 'state'), [], 'nobody notices')
  next.say(said(6))
  assert.deepEqual([seqs(room).at(-1), chat.state], [6, 'online'])
})

test('what is under way when the connections change arrives once', async () => {
  const { room, socket, next } = await relieved()
  const [a, b] = [room.send('a'), room.send('b')]
  assert.equal(socket.last('message').id, a.id)
  next.say(welcome({ rooms: ['general'] }))
  assert.deepEqual(room.pending.map(({ state }) => state), ['sending', 'sending'])
  const { type, room: _, ...copy } = mine(4, a.id)
  next.say(page('joined', 4, 4, { messages: [copy] }))
  assert.deepEqual(next.all('message').map(({ id }) => id), [b.id])
  next.say(mine(5, b.id))
  assert.deepEqual([seqs(room), room.pending], [[1, 2, 3, 4, 5], []])
})

test('a question under way is asked again', async () => {
  const { chat, clock, socket, next } = await relieved()
  const listed = chat.listRooms()
  await settle()
  const { id } = socket.last('rooms')
  next.say(welcome({ rooms: ['general'] }), page('joined', 4, 3))
  await clock.advance(2000)
  assert.equal(next.last('rooms').id, id)
  next.say({ type: 'rooms', id, rooms: [{ room: 'general', head: 3, count: 1 }] })
  assert.equal((await listed).length, 1)
})

test('the next one does not come about: the old one goes on, and it is tried again', async () => {
  const { chat, clock, WebSocket, room, socket, next } = await relieved()
  next.end()
  socket.say(said(4))
  assert.deepEqual([seqs(room).at(-1), chat.state], [4, 'online'])
  await clock.advance(MINUTE)
  assert.equal(WebSocket.all.length, 3)
})

test('the old one ends first: the next one is what is waited for', async () => {
  const { chat, WebSocket, room, socket, next } = await relieved()
  socket.end(1001)
  assert.equal(chat.state, 'connecting')
  next.say(welcome({ rooms: ['general'] }), page('joined', 4, 4))
  assert.deepEqual([chat.state, seqs(room).at(-1), WebSocket.all.length], ['online', 4, 2])
})

test('who is told to stay away does not come by the other door', async () => {
  const { chat, socket, next } = await relieved()
  socket.say({ type: 'error', code: 'kicked', message: 'x', retry: false })
  socket.end(4001)
  assert.equal(chat.state, 'stopped')
  assert.equal(next.closedByUs, true)
})

test('a frame after its connection has ended is nobody’s', async () => {
  const { chat, WebSocket, socket, clock } = await inGeneral(3)
  socket.end()
  await clock.advance(1000)
  const second = WebSocket.last
  second.open()
  second.end()
  second.say(welcome({ rooms: ['general'] }))
  assert.equal(chat.state, 'waiting')
  await clock.advance(31_000)
  assert.equal(chat.state, 'connecting')
})

test('two hours hidden: no more pings, no connection, until somebody looks', async () => {
  const fake = await inGeneral(3)
  const { chat, WebSocket, clock, room } = fake
  chat.hidden = true
  await live(fake, 125)
  const before = WebSocket.all.length
  assert.equal(chat.state, 'waiting')
  assert.equal(WebSocket.all.every(({ readyState }) => readyState === 3), true)
  await clock.advance(24 * 60 * MINUTE)
  assert.equal(WebSocket.all.length, before)
  chat.hidden = false
  chat.wake()
  WebSocket.last.open()
  WebSocket.last.say(welcome({ rooms: ['general'] }), page('joined', 4, 9))
  await settle()
  assert.deepEqual([chat.state, seqs(room).at(-1)], ['online', 9])
})

test('hidden, but something waits to be sent: it does not rest before that is done', async () => {
  const fake = await inGeneral(3)
  const { chat, room, socket, clock, WebSocket } = fake
  chat.hidden = true
  socket.end()
  const { id } = room.send('a')
  await clock.advance(130 * MINUTE)
  assert.ok(WebSocket.all.length > 100, 'it goes on trying')
  const next = await again(fake, page('joined', 4, 3))
  next.say(mine(4, id))
  await live(fake, 10)
  assert.equal(chat.state, 'waiting')
})

test('looked at now and then, it does not rest', async () => {
  const fake = await inGeneral(3)
  for (let i = 0; i < 2; i++) {
    fake.chat.hidden = true
    await live(fake, 90)
    fake.chat.hidden = false
    fake.WebSocket.last.open()
    fake.WebSocket.last.say(welcome({ rooms: ['general'] }), page('joined', 4, 3))
    await settle()
  }
  assert.equal(fake.chat.state, 'online')
})

test('a program goes on where it was', async () => {
  const before = await inGeneral(3)
  const position = before.room.position()
  assert.deepEqual(position, { room: 'general', epoch: 'e1', after: 3 })
  for (const [epoch, complete, want, told] of [['e1', true, [4, 5], []], ['e1', false, [104, 105], ['missed']], ['e2', false, [104, 105], ['replaced']]]) {
    const fake = await inGeneral(0)
    fake.chat.leave('general')
    const room = fake.chat.join('general', position)
    const events = []
    room.addEventListener('incomplete', ({ detail }) => events.push(detail))
    assert.deepEqual(fake.socket.last('join').after, 3)
    fake.socket.say(page('joined', want[0], want[1], { epoch, complete, id: fake.socket.last('join').id }))
    await settle()
    assert.deepEqual([seqs(room), events], [want, told])
  }
})
