// The page's own library against whatever PARLEY_SOCKET names: several people
// talk at once, and in the end all have the same, in order and once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import WebSocket from 'ws'
import { Chat } from '../../wwwroot/sdk/chat.js'

const server = process.env.PARLEY_SOCKET ?? assert.fail('PARLEY_SOCKET is the address')
const MESSAGES = Number(process.env.PARLEY_MESSAGES ?? 30) // that each says
const EVERY = Number(process.env.PARLEY_EVERY ?? 0) // ms between two of them; 0: all at once, the outbox has them wait
const ENDS = Number(process.env.PARLEY_ENDS ?? 0) // each connection is to end at least so often
const PATIENCE = 45_000 // ms for all of it

/** Keeps each connection's close code. */
const counting = closes => class extends WebSocket {
  constructor(...args) {
    super(...args)
    this.on('close', code => closes.push(code))
  }
}

/** What a browser of one's own remembers. */
const browser = (kept = new Map()) => ({
  getItem: key => kept.get(key) ?? null,
  setItem: (key, value) => { kept.set(key, value) },
  removeItem: key => { kept.delete(key) },
})

/** Until it is so, looked at each time something happens. */
async function until(what, so) {
  const late = Date.now() + PATIENCE
  while (!so()) {
    if (Date.now() > late) throw new Error(`waited in vain for ${what()}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test(`${MESSAGES} messages each, at once`, async t => {
  const names = ['Ada', 'Grace', 'Mary', 'Quiet']
  const people = names.map(name => {
    const closes = []
    const chat = new Chat({ server, WebSocket: counting(closes), storage: browser() })
    t.after(() => chat.stop())
    // Who waits, presses "try now": by itself it would wait longer each time, up to 30 s.
    chat.addEventListener('state', () => { if (chat.state === 'waiting') setTimeout(() => chat.retryNow(), 100) })
    chat.start()
    return { name, chat, closes, room: chat.join('general'), shown: [] }
  })
  for (const { room, shown } of people) {
    room.addEventListener('messages', ({ detail: { kind, items } }) => {
      if (kind === 'append' || kind === 'insert' || kind === 'prepend') shown.push(...items.map(({ seq }) => seq))
    })
  }
  const talkers = people.slice(0, 3)
  // Who joins while others talk already gets the newest page only.
  await until(() => people.map(({ name, room }) => `${name} ${room.joined ? 'is in' : 'is not in'}`).join('; '), () => people.every(({ room }) => room.joined))
  for (const { name, chat } of talkers) await chat.rename(name)
  for (let i = 0; i < MESSAGES; i++) {
    for (const { name, room } of talkers) room.send(`${name} ${i}`)
    if (EVERY) await new Promise(resolve => setTimeout(resolve, EVERY))
  }
  const all = MESSAGES * talkers.length
  await until(() => people.map(({ name, chat, room }) => `${name}: ${chat.state}, ${room.messages.length} of ${all}, ${room.messages[0]?.seq} to ${room.messages.at(-1)?.seq}, head ${room.head}, ${room.pending.length} pending`).join('; '),
    () => people.every(({ room, closes }) => room.messages.length >= all && room.pending.length === 0 && closes.length >= ENDS))

  const [{ room: first }] = people
  for (const { name, room, shown, closes } of people) {
    assert.deepEqual(room.messages.map(({ seq }) => seq), Array.from({ length: all }, (_, i) => i + 1), `${name}'s sequences`)
    assert.deepEqual(room.messages, first.messages, `${name}'s window is another one`)
    assert.equal(new Set(shown).size, shown.length, `${name} was shown something twice`)
    assert.ok(closes.every(code => code === 1001), `${name}'s connections were closed with ${closes}`)
  }
  for (const { name } of talkers) {
    const said = first.messages.filter(({ from }) => from === name).map(({ text }) => text)
    assert.deepEqual(said, Array.from({ length: MESSAGES }, (_, i) => `${name} ${i}`), `what ${name} said, in the order of saying it`)
  }
  t.diagnostic(`connections ended: ${people.map(({ closes }) => closes.length)}`)
})
