// What was not sent when a page ended is sent by the next one, once and in order,
// and by nobody else than who wrote it.
import test from 'node:test'
import assert from 'node:assert/strict'
import { again, fakeChat, fakeStorage, inGeneral, ME, OTHER, page, said, settle, welcome } from './fake.js'

const mine = (seq, id, more) => said(seq, { id, person: ME, from: 'Ada', ...more })
const unsent = ({ values }) => Object.keys(values).filter((key) => key.startsWith('parley.unsent'))

/** Pages of one browser. */
const fakeLocks = () => {
  const held = new Set()
  return {
    async request(name, options, run = options) {
      if (options.ifAvailable && held.has(name)) return run(null)
      held.add(name)
      await Promise.resolve()
      try {
        return await run({ name })
      } finally {
        held.delete(name)
      }
    },
  }
}

let pages = 0
/** Ids are random for each page: another seed for each. */
const options = (more) => ({ random: ((n) => () => (n / 37) % 1)(++pages), ...more })

/** A page that lost its server before it could send these. */
const left = async (storage, texts, more) => {
  const fake = await inGeneral(3, options({ storage, ...more }))
  fake.socket.end()
  const items = texts.map((text) => fake.room.send(text))
  return { ...fake, items }
}

/** The next page: it need not name the room. */
const next = async (storage, { you = {}, ...more } = {}) => {
  const fake = fakeChat(options({ storage, ...more }))
  fake.chat.start()
  await settle()
  const socket = fake.WebSocket.last
  socket.open()
  socket.say(welcome({ rooms: ['general'], you: { ...welcome().you, ...you } }), page('joined', 1, 3))
  await settle()
  return { ...fake, socket, room: fake.chat.rooms.get('general') }
}

test('sent by the next page, in order, under the same ids, before what is written there', async () => {
  const storage = fakeStorage()
  const { items: [a, b] } = await left(storage, ['a', 'b'])
  const { chat, room, socket } = await next(storage)
  const c = room.send('c')
  assert.deepEqual(room.pending.map(({ id, text, state }) => [id, text, state]), [[a.id, 'a', 'sending'], [b.id, 'b', 'sending'], [c.id, 'c', 'sending']])
  for (const [i, { id }] of [a, b, c].entries()) {
    assert.deepEqual(socket.all('message').map((action) => action.id).at(-1), id)
    socket.say(mine(4 + i, id))
  }
  assert.deepEqual([socket.all('message').length, room.pending.length, unsent(storage)], [3, 0, []])
  assert.equal(chat.forgetful, false)
})

test('it was sent after all: the copy is in the page, nothing is sent again', async () => {
  const storage = fakeStorage()
  const fake = await inGeneral(3, options({ storage }))
  const { id } = fake.room.send('a')
  const later = fakeChat(options({ storage }))
  later.chat.start()
  await settle()
  const socket = later.WebSocket.last
  socket.open()
  const { type, room, ...copy } = mine(4, id)
  socket.say(welcome({ rooms: ['general'] }), page('joined', 1, 4, { messages: [copy] }))
  await settle()
  assert.deepEqual([later.chat.rooms.get('general').pending.length, socket.all('message').length], [0, 0])
})

test('edits and deletes wait as well', async () => {
  const storage = fakeStorage()
  const fake = await inGeneral(3, options({ storage }))
  fake.socket.end()
  fake.room.edit(2, 'better')
  fake.room.delete(3)
  const { socket, room } = await next(storage)
  const { id, ...edit } = socket.last('edit')
  assert.deepEqual(edit, { type: 'edit', room: 'general', target: 2, text: 'better' })
  socket.say({ type: 'edit', room: 'general', seq: 4, target: 2, id, person: ME, text: 'better', at: 1 })
  const { id: second, ...rest } = socket.last('delete')
  assert.deepEqual(rest, { type: 'delete', room: 'general', target: 3 })
  socket.say({ type: 'delete', room: 'general', seq: 5, target: 3, id: second, person: ME, at: 1 })
  assert.equal(room.pending.length, 0)
  assert.deepEqual(room.messages.map(({ seq, text, deleted }) => [seq, text, deleted]), [[1, 'text 1', undefined], [2, 'better', undefined], [3, '', true]])
})

test('a failed one is failed in the next page too, with its reason, until somebody presses Retry', async () => {
  const storage = fakeStorage()
  const fake = await inGeneral(3, options({ storage }))
  const { id } = fake.room.send('a')
  fake.socket.say({ type: 'error', id, code: 'too_large', message: 'Too much.', retry: false })
  const { room, socket } = await next(storage)
  assert.deepEqual(room.pending.map(({ id, state, error }) => [id, state, error.code, error.message]), [[id, 'failed', 'too_large', 'Too much.']])
  assert.equal(socket.all('message').length, 0)
  room.retry(id)
  assert.equal(socket.last('message').id, id)
})

test('what broke a connection is not tried anew with each page', async () => {
  const storage = fakeStorage()
  const fake = await inGeneral(3, options({ storage }))
  fake.room.send('a')
  fake.socket.end()
  const { room, socket } = await next(storage)
  assert.equal(socket.all('message').length, 1)
  socket.end()
  assert.equal(room.pending[0].state, 'failed')
})

test('who is somebody else in the next page is asked before it is sent', async () => {
  const storage = fakeStorage()
  await left(storage, ['a', 'b'])
  const { room, socket } = await next(storage, { you: { id: OTHER, name: 'Bo' } })
  assert.deepEqual(room.pending.map(({ state, error }) => [state, error.code]), [['failed', 'other_person'], ['failed', 'other_person']])
  assert.equal(socket.all('message').length, 0)
  room.retry(room.pending[0].id)
  assert.equal(socket.last('message').text, 'a')
})

test('the session was lost while the page was open: what was not sent is not sent as somebody else', async () => {
  const { room, clock, WebSocket } = await left(fakeStorage(), ['a'])
  await clock.advance(1000)
  WebSocket.last.open()
  WebSocket.last.say(welcome({ rooms: ['general'], you: { ...welcome().you, id: OTHER, name: 'Ada-2' } }), page('joined', 4, 3))
  await settle()
  assert.deepEqual([room.pending[0].state, room.pending[0].error.code, WebSocket.last.all('message').length], ['failed', 'other_person', 0])
})

test('a page that lives keeps what it has; one that is no more does not', async () => {
  const storage = fakeStorage()
  const locks = fakeLocks()
  const living = await left(storage, ['a'], { locks })
  const other = await next(storage, { locks })
  assert.equal(other.room, undefined)
  living.chat.stop()
  await settle()
  other.socket.end()
  const socket = await again(other)
  await settle()
  assert.equal(other.chat.rooms.get('general').pending.length, 1)
  assert.equal(socket.all('join').length, 1)
})

test('a storage that takes nothing: it is sent all the same, and told meanwhile', async () => {
  const refuse = () => { throw new Error('full') }
  const { chat, room, socket } = await inGeneral(3, options({ storage: { getItem: refuse, setItem: refuse, removeItem: refuse } }))
  assert.equal(chat.forgetful, false)
  const { id } = room.send('a')
  assert.equal(chat.forgetful, true)
  socket.say(mine(4, id))
  assert.equal(chat.forgetful, false)
})

test('what nobody can read is no obstacle', async () => {
  const prefix = 'parley.unsentwss://chat.example.org '
  for (const text of ['', '{', 'null', '7', '{}', '[null]', '[{"id":7}]']) {
    const storage = fakeStorage({ [`${prefix}gone general`]: text, [`${prefix}odd`]: text })
    const { chat, socket } = await next(storage)
    assert.equal(chat.state, 'online')
    assert.equal(socket.all('message').length, 0)
  }
})
