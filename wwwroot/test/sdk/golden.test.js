// The golden frames are one set for Go and JavaScript: what they are, the library reads and sends.
import test from 'node:test'
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { decode } from '../../sdk/protocol.js'
import { fakeChat, fakeStorage, golden, inGeneral, ME, page, settle, welcome } from './fake.js'

const names = (kind) => readdirSync(new URL(`../../../protocol/testdata/${kind}/`, import.meta.url)).map((name) => name.replace('.json', ''))

for (const name of names('events')) {
  test(`event ${name} is understood, each field of it`, () => {
    const event = golden('events', name)
    const read = decode(JSON.stringify(event))
    const compare = (want, got, where) => {
      if (typeof want !== 'object') return assert.equal(got, want, where)
      for (const key of Object.keys(want)) {
        compare(want[key], got[key], `${where}.${key}`)
      }
    }
    compare(event, read, name)
  })
}

test('a connection survives every golden event and every malformed frame', async () => {
  const { socket, chat } = await inGeneral()
  for (const name of names('events').filter((n) => !n.startsWith('error-restarting'))) socket.say(golden('events', name))
  for (const frame of ['', 'x', 'null', '[]', '1', '"x"', '{}', '{"type":1}', '{"type":"nosuchtype"}', '{"type":"toString"}', '{"type":"__proto__"}',
    '{"type":"message"}', '{"type":"message","room":"general","seq":"4"}', '{"type":"message","room":"general","seq":-1}', '{"type":"message","room":"general","seq":1e300}',
    '{"type":"message","room":7,"seq":4}', '{"type":"joined","room":"general"}', '{"type":"joined","room":"general","epoch":"e1","from":1,"to":3,"messages":[null,1,{}]}',
    '{"type":"presence","room":"general","joined":7}', '{"type":"pong","rooms":{}}', '{"type":"error"}', '{"type":"welcome"}', '{"type":"renamed"}',
    '{"message":"Internal server error","connectionId":"x","requestId":"y"}']) socket.say(frame)
  socket.onmessage({ data: new ArrayBuffer(3) })
  await settle()
  assert.equal(chat.state, 'online')
})

/** What moderators send, and people about themselves. */
const ORDERS = new Set(['mute', 'ban', 'kick', 'purge', 'lock', 'slow', 'invited', 'invite', 'revoke', 'appoint', 'creation', 'retain', 'erase', 'sign_out', 'moderation', 'audit'])

/** Whether two actions are the same but for their ids. */
const same = (a, b) => isDeepStrictEqual({ ...a, id: '' }, { ...b, id: '' })

/** @returns every action that the library can send, by its golden name */
const sentOfAllKinds = async () => {
  const storage = fakeStorage()
  const fresh = fakeChat({ storage })
  fresh.chat.start()
  fresh.WebSocket.last.open()
  const hello = fresh.WebSocket.last.last('hello')

  const linked = fakeChat({ link: 'EBESExQVFhcYGRobHB0eHw' })
  linked.chat.start()
  linked.WebSocket.last.open()

  const { chat, room, socket, clock, WebSocket } = await inGeneral(3, { storage })
  chat.join('design')
  socket.say(page('history', 4, 4))
  room.send('hi')
  room.typingNow()
  chat.rename('Ada').catch(() => {})
  chat.listRooms().catch(() => {})
  chat.wake()
  await settle()
  socket.say(page('joined', 41, 80, { room: 'design', more: true, head: 80 }))
  const design = chat.rooms.get('design')
  design.loadOlder().catch(() => {})
  socket.say({ type: 'message', room: 'design', seq: 85, from: 'x', person: 'y', text: 'z', at: 1 })
  await clock.advance(1000)
  chat.leave('design')
  chat.join('design')
  socket.end()
  await clock.advance(1000)
  WebSocket.last.open()
  const helloAgain = WebSocket.last.last('hello')
  WebSocket.last.say(welcome({ rooms: [] }))
  await settle()
  const editor = await inGeneral(3)
  const { id } = editor.room.edit(3, 'better')
  const edit = editor.socket.last('edit')
  editor.socket.say({ type: 'edit', room: 'general', seq: 4, target: 3, id, person: ME, text: 'better', at: 1 })
  editor.room.delete(3)
  const bare = fakeChat()
  bare.chat.start()
  bare.WebSocket.last.open()
  bare.WebSocket.last.say(welcome())
  bare.chat.wake()
  await settle()
  const keeper = await inGeneral()
  for (const { id: _, ...action } of names('actions').map((name) => golden('actions', name)).filter(({ type }) => ORDERS.has(type))) keeper.chat.act(action).catch(() => {})
  keeper.chat.follow('EBESExQVFhcYGRobHB0eHw').catch(() => {})
  await settle()
  const orders = Object.fromEntries(names('actions').map((name) => [name, keeper.socket.sent.find((sent) => same(sent, golden('actions', name)))]))
  return {
    ...Object.fromEntries(Object.entries(orders).filter(([, sent]) => sent)),
    edit, delete: editor.socket.last('delete'), hello, 'hello-again': helloAgain, 'hello-link': linked.WebSocket.last.last('hello'),
    history: socket.all('history').find((a) => 'before' in a), 'history-after': socket.all('history').find((a) => 'after' in a),
    join: socket.last('join'), 'join-after': WebSocket.last.all('join').find((a) => a.room === 'general'), leave: socket.last('leave'),
    message: socket.last('message'), ping: bare.WebSocket.last.last('ping'), 'ping-rooms': socket.last('ping'),
    rename: socket.last('rename'), rooms: socket.last('rooms'), typing: socket.last('typing'),
  }
}

test('every action that is sent has the golden shape', async () => {
  const sent = await sentOfAllKinds()
  const shape = (value) => (Array.isArray(value) ? value.map(shape)
    : typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shape(v)]).sort()) : typeof value)
  for (const name of names('actions').filter((n) => n !== 'message-sample' && n !== 'edit-general')) { // those are what plain connections send
    assert.ok(sent[name], `${name} is never sent`)
    assert.equal(sent[name].type, golden('actions', name).type)
    assert.deepEqual(shape(sent[name]), shape(golden('actions', name)), name)
    assert.ok((sent[name].id ?? '').length <= 64)
  }
})
