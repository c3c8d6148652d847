// What moderators do, as the one concerned has it.
import test from 'node:test'
import assert from 'node:assert/strict'
import { again, fakeStorage, golden, inGeneral, ME, OTHER, page, settle } from './fake.js'

const done = (what, more = {}) => ({ ...golden('events', 'moderated'), id: '', do: what, room: 'general', person: ME, ...more })

test('a mute counts until it ends, and for the one concerned alone', async () => {
  const { room, socket, clock } = await inGeneral()
  socket.say(done('mute', { person: OTHER }))
  assert.equal(room.rules.muted, false)
  socket.say(done('mute', { until: clock.now() + 5000 }))
  assert.equal(room.rules.muted, true)
  assert.equal(room.rules.reason, 'Too loud')
  await clock.advance(5001)
  assert.equal(room.rules.muted, false)
  socket.say(done('mute', { room: '', until: 0 }))
  assert.equal(room.rules.muted, true, 'everywhere')
  socket.say(done('unmute', { room: '' }))
  assert.equal(room.rules.muted, false)
})

test('who comes to a locked room is told why', async () => {
  const { room, socket, ...fake } = await inGeneral()
  socket.end()
  await again(fake, { ...page('joined', 4, 3), rules: golden('events', 'joined-locked').rules })
  assert.equal(room.rules.locked, true)
  assert.equal(room.rules.reason, 'Until the talk begins')
})

test('an erased person has no name any more', async () => {
  const { room, socket, events } = await inGeneral()
  socket.say({ type: 'erased', person: OTHER })
  assert.deepEqual([...new Set(room.messages.map(({ from }) => from))], [''])
  assert.equal(events.at(-1)[1].kind, 'change')
})

test('a session of another role is kept', async () => {
  const { chat, socket, storage } = await inGeneral(3, { storage: fakeStorage() })
  const { session } = golden('events', 'session')
  socket.say(golden('events', 'session'))
  assert.equal(chat.you.role, 'moderator')
  assert.ok(Object.values(storage.values).includes(session))
})

for (const code of ['kicked', 'banned', 'signed_out']) {
  test(`who was ${code} stays away, though a time is told`, async () => {
    const { chat, socket, clock, WebSocket } = await inGeneral()
    socket.say({ type: 'error', code, message: 'why', retry: false, after: 1000 })
    socket.end(1005)
    await clock.advance(60_000)
    assert.equal(chat.state, 'stopped')
    assert.equal(chat.stopReason.message, 'why')
    assert.equal(WebSocket.all.length, 1)
  })
}

test('a session that was ended is forgotten', async () => {
  const { chat, socket, storage } = await inGeneral(3, { storage: fakeStorage() })
  socket.say({ type: 'error', code: 'signed_out', message: 'You have signed out.', retry: false })
  socket.end(4001)
  assert.equal(chat.you, null)
  assert.deepEqual(Object.keys(storage.values).filter((key) => /session|person|name/.test(key)), [])
})

test('a link that needs a name is followed when there is one', async () => {
  const link = 'EBESExQVFhcYGRobHB0eHw'
  const { chat, socket } = await inGeneral(3, { link })
  assert.equal(socket.last('hello').link, link)
  socket.say({ type: 'error', code: 'name_first', message: 'Take a name first.', retry: false })
  assert.equal(socket.all('link').length, 0)
  socket.say({ type: 'renamed', person: ME, from: '', to: 'Ada' })
  await settle()
  assert.equal(socket.last('link').link, link)
  assert.equal(chat.you.name, 'Ada')
})

test('who is not let into a room learns it at once, and enters by a link', async () => {
  const { chat, socket } = await inGeneral()
  const inner = chat.join('inner')
  const refuse = (id) => socket.say({ type: 'error', id, code: 'invitation_needed', message: 'by invitation', retry: false })
  refuse(socket.last('join').id)
  await settle()
  assert.equal(inner.refusal.code, 'invitation_needed')
  const asked = chat.follow('EBESExQVFhcYGRobHB0eHw')
  await settle()
  socket.say({ ...done('link', { room: 'inner' }), id: socket.last('link').id })
  await asked
  assert.equal(socket.all('join').length, 2)
  socket.say(page('joined', 1, 1, { room: 'inner', id: socket.last('join').id }))
  await settle()
  assert.equal(inner.refusal, null)
})
