import test from 'node:test'
import assert from 'node:assert/strict'
import { Chat } from '../../sdk/chat.js'
import { ChatError } from '../../sdk/protocol.js'
import { again, fakeChat, fakeStorage, golden, inGeneral, ME, OTHER, page, said, settle, welcome } from './fake.js'

const SESSION = 'AAECAwQFBgcICQoLDA0ODw'
const states = ({ seen }) => seen.filter(([type]) => type === 'state').map(([, state]) => state)
const closing = (more) => ({ type: 'error', code: 'restarting', message: 'x', retry: true, ...more })

test('hello, welcome: online, with a name, a session and limits', async () => {
  const fake = fakeChat()
  const { chat, WebSocket, storage } = fake
  assert.equal(chat.state, 'stopped')
  chat.start()
  chat.start()
  assert.equal(WebSocket.all.length, 1)
  assert.deepEqual([WebSocket.last.url, WebSocket.last.protocol], ['wss://chat.example.org/socket', 'parley.v1'])
  WebSocket.last.open()
  assert.deepEqual(Object.keys(WebSocket.last.last('hello')), ['type', 'id'])
  WebSocket.last.say(welcome({ limits: { ...welcome().limits, text: 7 } }))
  assert.deepEqual(chat.you, golden('events', 'welcome').you)
  assert.equal(chat.measure('12345678').over, true)
  assert.equal(chat.server, 'parley 0.1.0')
  assert.deepEqual(states(fake), ['connecting', 'online'])
  assert.deepEqual(storage.values, {
    'parley.sessionwss://chat.example.org': SESSION, 'parley.namewss://chat.example.org': 'Ada', 'parley.personwss://chat.example.org': ME,
  })
})

test('session and name are remembered; the session is in no URL', async () => {
  const storage = fakeStorage()
  await inGeneral(0, { storage })
  const { chat, WebSocket } = fakeChat({ storage })
  assert.equal(chat.remembered, 'Ada')
  chat.start()
  WebSocket.last.open()
  const { session, name } = WebSocket.last.last('hello')
  assert.deepEqual({ session, name }, { session: SESSION, name: 'Ada' })
  assert.ok(!WebSocket.last.url.includes(SESSION))
})

test('a joined that overtakes its welcome is taken with it', async () => {
  const { chat, WebSocket } = fakeChat()
  const room = chat.join('general')
  chat.start()
  WebSocket.last.open()
  WebSocket.last.say(page('joined', 1, 2), { ...golden('events', 'welcome-nameless'), rooms: ['general'] })
  assert.equal(room.joined, true)
  assert.equal(room.head, 2)
  assert.equal(WebSocket.last.all('join').length, 0)
})

test('another tab that became somebody else changes nothing here', async () => {
  const storage = fakeStorage()
  const { clock, WebSocket, socket } = await inGeneral(0, { storage })
  storage.setItem('parley.sessionwss://chat.example.org', 'anothers')
  socket.end()
  await again({ clock, WebSocket })
  assert.equal(WebSocket.last.last('hello').session, SESSION)
})

test('two pages without a name, then one has: the other is the same person from the next connection on', async () => {
  const storage = fakeStorage()
  const open = (session, name, id) => {
    const fake = fakeChat({ storage })
    fake.chat.start()
    fake.WebSocket.last.open()
    fake.WebSocket.last.say(welcome({ session, you: { id, name, color: 1, role: 'guest' } }))
    return fake
  }
  const first = open('session-1', '', ME)
  const second = open('session-2', '', OTHER)
  first.WebSocket.last.say({ type: 'renamed', person: ME, from: '', to: 'Ada' })
  second.WebSocket.last.end()
  const socket = await again(second)
  assert.equal(socket.last('hello').session, 'session-1')
})

test('two pages with names of their own stay themselves over a reload, the next page is who took a name last', async () => {
  const storage = fakeStorage()
  const tabs = [fakeStorage(), fakeStorage()]
  const open = (tab) => {
    const fake = fakeChat({ storage, tab })
    fake.chat.start()
    fake.WebSocket.last.open()
    return fake.WebSocket.last
  }
  const sockets = tabs.map(open)
  sockets.forEach((socket, i) => socket.say(welcome({ session: `session-${i}`, you: { id: `person-${i}`, name: '', color: 1, role: 'guest' } })))
  sockets.forEach((socket, i) => socket.say({ type: 'renamed', person: `person-${i}`, from: '', to: `name ${i}` }))
  assert.deepEqual(tabs.map((tab) => open(tab).last('hello').session), ['session-0', 'session-1'])
  assert.equal(open(fakeStorage()).last('hello').session, 'session-1')
})

test('a storage that refuses is no obstacle', async () => {
  const refuse = () => { throw new Error('denied') }
  const { chat, clock, WebSocket, socket } = await inGeneral(0, { storage: { getItem: refuse, setItem: refuse, removeItem: refuse } })
  assert.equal(chat.state, 'online')
  assert.equal(chat.remembered, 'Ada')
  socket.end()
  await again({ clock, WebSocket })
  assert.equal(WebSocket.last.last('hello').session, SESSION)
})

for (const code of ['name_taken', 'bad_name']) {
  test(`a hello refused with ${code} is said again without the name`, async () => {
    const storage = fakeStorage({ 'parley.namewss://chat.example.org': 'Ada' })
    const { chat, WebSocket, seen, clock } = fakeChat({ storage })
    chat.join('general')
    chat.start()
    const socket = WebSocket.last
    socket.open()
    socket.say({ ...golden('events', 'error-name-taken'), code, id: socket.last('hello').id })
    assert.equal(socket.all('hello').length, 2)
    assert.deepEqual(Object.keys(socket.last('hello')), ['type', 'id', 'rooms'])
    const [, error] = seen.find(([type]) => type === 'error')
    assert.ok(error instanceof ChatError)
    assert.deepEqual([error.code, error.suggestion, error.retry], [code, 'Ada-2', false])
    socket.say({ ...golden('events', 'welcome-nameless'), rooms: ['general'] }, page('joined', 1, 2))
    assert.equal(chat.state, 'online')
    assert.equal(chat.remembered, 'Ada')
    socket.end()
    await clock.advance(1000)
    WebSocket.last.open()
    assert.equal('name' in WebSocket.last.last('hello'), false, 'the name is not tried again')
  })
}

test('a bad room keeps nobody from the others', async () => {
  const { chat, WebSocket, seen } = fakeChat()
  chat.join('general')
  chat.join('bad')
  chat.start()
  const socket = WebSocket.last
  socket.open()
  socket.say({ type: 'error', id: socket.last('hello').id, code: 'bad_room', message: 'x', retry: false })
  assert.equal('rooms' in socket.last('hello'), false)
  socket.say(welcome())
  await settle()
  assert.deepEqual(socket.all('join').map(({ room }) => room), ['general', 'bad'])
  socket.say(page('joined', 1, 1, { id: socket.all('join')[0].id }), { type: 'error', id: socket.last('join').id, code: 'bad_room', message: 'y', retry: false })
  await settle()
  assert.equal(chat.rooms.get('general').joined, true)
  assert.deepEqual(seen.filter(([type]) => type === 'error').map(([, e]) => e.message), ['x', 'y'])
})

test('a hello refused for good stops; refused for now comes back when told', async () => {
  const { chat, WebSocket, clock } = fakeChat()
  chat.start()
  WebSocket.last.open()
  WebSocket.last.say({ type: 'error', id: WebSocket.last.last('hello').id, code: 'unavailable', message: 'x', retry: true, after: 5000 })
  assert.deepEqual([chat.state, chat.retryAt], ['waiting', clock.now() + 5000])
  await clock.advance(5000)
  WebSocket.last.open()
  WebSocket.last.say({ type: 'error', id: WebSocket.last.last('hello').id, code: 'banned', message: 'x', retry: false })
  assert.equal(chat.state, 'stopped')
  assert.equal(chat.stopReason.code, 'banned')
  await clock.advance(1e6)
  assert.equal(WebSocket.all.length, 2)
})

test('no welcome within 10 s: dropped, and tried again', async () => {
  const { chat, WebSocket, clock } = fakeChat()
  chat.start()
  WebSocket.last.open()
  await clock.advance(9999)
  assert.equal(chat.state, 'connecting')
  await clock.advance(1)
  assert.equal(chat.state, 'waiting')
  assert.equal(WebSocket.last.closedByUs, true)
  await clock.advance(1000)
  assert.equal(WebSocket.all.length, 2)
})

test('the wait grows, is told, and can be cut short', async () => {
  const { chat, WebSocket, clock } = fakeChat({ random: () => 0.999 })
  chat.start()
  const waits = []
  for (let i = 0; i < 8; i++) {
    WebSocket.last.end()
    waits.push(Math.round((chat.retryAt - clock.now()) / 1000))
    await clock.advance(chat.retryAt - clock.now())
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30, 30])
  WebSocket.last.end()
  const before = WebSocket.all.length
  chat.retryNow()
  chat.retryNow()
  assert.equal(WebSocket.all.length, before + 1)
  assert.deepEqual([chat.state, chat.retryAt], ['connecting', 0])
})

test('a WebSocket that cannot even be made is waited for as well', async () => {
  const { chat } = fakeChat({ WebSocket: class { constructor() { throw new SyntaxError('no') } } })
  chat.start()
  assert.equal(chat.state, 'waiting')
})

for (const [why, event, code, state, wait] of [
  ['after is obeyed instead of the back-off', closing({ after: 350 }), 1012, 'waiting', 350],
  ['after is obeyed also where the code says stop', closing({ after: 5000 }), 1008, 'waiting', 5000],
  ['retry:false stops, whatever the code', closing({ code: 'kicked', retry: false }), 1006, 'stopped'],
  ['1008 alone stops', null, 1008, 'stopped'],
  ['4001 alone stops', null, 4001, 'stopped'],
  ['4003 alone stops', null, 4003, 'stopped'],
  ['1001 comes back', null, 1001, 'waiting', 750],
  ['4008 comes back', closing({ code: 'slow_reader' }), 4008, 'waiting', 750],
  ['1006 comes back', null, 1006, 'waiting', 750],
  ['an error that answers an action is no farewell', { type: 'error', code: 'not_in_room', message: 'x', retry: false }, 1006, 'waiting', 750],
]) {
  test(`close: ${why}`, async () => {
    const { chat, socket, clock } = await inGeneral()
    if (event) socket.say(event)
    socket.end(code)
    assert.equal(chat.state, state)
    if (wait) assert.equal(chat.retryAt - clock.now(), wait)
    assert.equal(chat.stopReason?.code ?? null, state === 'stopped' && event ? event.code : null)
  })
}

test('an error long before is not the reason of a close', async () => {
  const { chat, socket, clock } = await inGeneral()
  socket.say(closing({ code: 'internal', retry: false }))
  await clock.advance(6000)
  socket.end(1006)
  assert.equal(chat.state, 'waiting')
})

test('without a network: offline, and at once when there is one', async () => {
  const { chat, socket, network, WebSocket } = await inGeneral()
  network.onLine = false
  socket.end()
  assert.deepEqual([chat.state, chat.retryAt], ['offline', 0])
  network.onLine = true
  chat.wake()
  assert.equal(WebSocket.all.length, 2)
  assert.equal(chat.state, 'connecting')
})

test('a ping every 4 minutes; one that is not answered within 10 s drops the connection', async () => {
  const { chat, socket, clock } = await inGeneral(0)
  await clock.advance(4 * 60_000)
  assert.equal(socket.all('ping').length, 1)
  socket.say({ type: 'pong', id: socket.last('ping').id, rooms: [{ room: 'general', epoch: 'e1', head: 0 }] })
  await clock.advance(4 * 60_000)
  assert.equal(socket.all('ping').length, 2)
  await clock.advance(9999)
  assert.equal(chat.state, 'online')
  await clock.advance(1)
  assert.equal(chat.state, 'waiting')
})

test('wake pings; after a sleep of the device it does not wait for an answer', async () => {
  const { chat, socket, clock, WebSocket } = await inGeneral()
  chat.wake()
  chat.wake()
  await settle()
  assert.equal(socket.all('ping').length, 1)
  clock.time += 7 * 60_000 // no timer ran
  chat.wake()
  assert.equal(WebSocket.all.length, 2)
  assert.equal(chat.state, 'connecting')
})

test('rename: its answer, its error, and what is remembered', async () => {
  const { chat, socket, seen } = await inGeneral()
  const taken = chat.rename('Grace')
  await settle()
  socket.say({ ...golden('events', 'error-name-taken'), id: socket.last('rename').id })
  await assert.rejects(taken, (e) => e.code === 'name_taken' && e.suggestion === 'Ada-2' && e.message !== '')
  const done = chat.rename('Ada L.')
  await settle()
  socket.say({ type: 'renamed', id: socket.last('rename').id, person: OTHER, from: 'x', to: 'y' }) // not mine
  socket.say({ type: 'renamed', id: socket.last('rename').id, person: ME, from: 'Ada', to: 'Ada L.' })
  await done
  assert.equal(chat.you.name, 'Ada L.')
  assert.equal(chat.remembered, 'Ada L.')
  assert.equal(seen.filter(([type]) => type === 'you').length, 2)
  assert.equal(seen.some(([type]) => type === 'error'), false)
})

test('a question asked while connecting waits for the connection, not for ever', async () => {
  const { chat, WebSocket, clock } = fakeChat()
  chat.start()
  const name = chat.rename('Ada')
  const rooms = chat.listRooms()
  WebSocket.last.open()
  WebSocket.last.say(welcome())
  await settle()
  const socket = WebSocket.last
  socket.say({ ...golden('events', 'rooms'), id: socket.last('rooms').id }, { type: 'renamed', id: socket.last('rename').id, person: ME, from: '', to: 'Ada' })
  await name
  assert.deepEqual((await rooms)[0], { room: 'general', head: 120, count: 7 })
  socket.end()
  const late = chat.listRooms()
  await Promise.all([assert.rejects(late, { code: 'unconnected', retry: true }), clock.advance(60_000)])
})

test('an answer that does not come rejects after 10 s, a lost connection at once', async () => {
  const { chat, socket, clock } = await inGeneral()
  const first = chat.listRooms()
  await Promise.all([assert.rejects(first, { code: 'unanswered', retry: true }), clock.advance(10_000)])
  const second = chat.listRooms()
  await settle()
  socket.end()
  await assert.rejects(second, { code: 'unconnected', retry: true })
})

test('answers that wait are bounded', async () => {
  const { chat } = await inGeneral()
  const all = await Promise.race([Promise.allSettled(Array.from({ length: 101 }, () => chat.listRooms())), settle()])
  assert.equal(all, undefined)
  await assert.rejects(chat.listRooms(), { code: 'busy' })
})

test("API Gateway's word for a failed function: what waits is sent again once", async () => {
  const { chat, socket, clock } = await inGeneral()
  const rooms = chat.listRooms()
  await settle()
  socket.say('{"message": "Internal server error", "connectionId":"a", "requestId":"b"}', '{"message": "Internal server error"}')
  await clock.advance(2000)
  assert.deepEqual(socket.all('rooms').map(({ id }) => id), [socket.last('rooms').id, socket.last('rooms').id])
  socket.say({ ...golden('events', 'rooms'), id: socket.last('rooms').id })
  assert.equal((await rooms).length, 2)
})

test('a new version of the server is told, the first one is not', async () => {
  const fake = await inGeneral()
  fake.socket.end()
  await fake.clock.advance(1000)
  fake.WebSocket.last.open()
  fake.WebSocket.last.say(welcome({ server: 'parley 0.2.0' }))
  assert.deepEqual(fake.seen.filter(([type]) => type === 'version'), [['version', 'parley 0.2.0']])
})

test('notices, and errors that nobody waits for, become events', async () => {
  const { socket, seen } = await inGeneral()
  socket.say(golden('events', 'notice'), { type: 'error', id: 'nobody', code: 'internal', message: 'x', retry: true })
  assert.deepEqual(seen.find(([type]) => type === 'notice')[1], { code: 'name_given', text: 'The name alice is taken. You are alice-2.' })
  assert.equal(seen.find(([type]) => type === 'error')[1].code, 'internal')
})

test('a welcome that comes twice starts nothing twice', async () => {
  const { socket, seen } = await inGeneral()
  const before = seen.length
  socket.say(welcome({ rooms: [], server: 'parley 0.0.9' }))
  await settle()
  assert.equal(seen.length, before)
  assert.equal(socket.last('join'), undefined)
})

test('the back-off goes on over connections that live shortly, and starts anew after a minute', async () => {
  const fake = await inGeneral(3, { random: () => 0.999 })
  const waits = []
  let { socket } = fake
  for (const lived of [0, 0, 59_000, 60_000]) {
    await fake.clock.advance(lived)
    socket.end()
    waits.push(Math.round((fake.chat.retryAt - fake.clock.now()) / 1000))
    socket = await again(fake, page('joined', 4, 3))
  }
  assert.deepEqual(waits, [1, 2, 4, 1])
})

test('stop: no timer is left, no frame is heard', async () => {
  const { chat, room, socket, clock, seen } = await inGeneral(3)
  room.send('x')
  chat.stop()
  assert.deepEqual([chat.state, chat.stopReason, room.pending[0].state], ['stopped', null, 'queued'])
  assert.equal(socket.closedByUs, true)
  const before = seen.length
  socket.say(said(9))
  await clock.advance(1e6)
  assert.equal(seen.length, before)
  assert.equal(room.head, 3)
  assert.equal(clock.timers.length, 0)
})

test('a listener may join, leave and stop', async () => {
  const { chat, WebSocket } = fakeChat()
  chat.addEventListener('state', () => { if (chat.state === 'online') chat.join('design') })
  chat.start()
  WebSocket.last.open()
  WebSocket.last.say(welcome())
  await settle()
  assert.equal(WebSocket.last.all('join').length, 1)
})

test('everything injected has a default', () => {
  const chat = new Chat({ server: 'ws://127.0.0.1:1/socket', WebSocket: class { close() {} } })
  assert.equal(chat.remembered, '')
  chat.start()
  assert.equal(chat.state, 'connecting')
  chat.stop()
})
