// What must hold whatever the network does: every client has the log, each
// entry once and in order, and what was sent is in the log once. Seeded: a
// failure names its seed, and the seed repeats it.
import test from 'node:test'
import assert from 'node:assert/strict'
import { Chat } from '../../sdk/chat.js'
import { FakeClock, fakeStorage, seeded } from './fake.js'
import { World } from './world.js'

const CLIENTS = 3
const weathers = {
  calm: { delay: 20, double: 0, lose: 0, fail: 0, cut: 0 },
  'no order, repeats': { delay: 1500, double: 0.3, lose: 0, fail: 0, cut: 0 },
  'lost frames, failed functions': { delay: 300, double: 0.1, lose: 0.15, fail: 0.05, cut: 0 },
  'connections cut early': { delay: 400, double: 0, lose: 0, fail: 0, cut: 1500 },
  'connections cut': { delay: 100, double: 0, lose: 0, fail: 0, cut: 3000 },
  everything: { delay: 800, double: 0.2, lose: 0.1, fail: 0.05, cut: 8000 },
}

const storm = async (seed, faults) => {
  const clock = new FakeClock()
  const random = seeded(seed)
  const world = new World({ clock, random, faults })
  const sent = []
  const edits = []
  const failed = new Set()
  const clients = Array.from({ length: CLIENTS }, (_, n) => {
    const chat = new Chat({ server: 'ws://world/socket', storage: fakeStorage(), WebSocket: world.WebSocket, now: clock.now, random, timers: clock, onLine: () => true })
    const room = chat.join('general')
    // Follows the events as a page does, to see that they tell the same as the array.
    const told = []
    room.addEventListener('messages', ({ detail: { kind, items } }) => {
      if (kind === 'reset') told.length = 0
      if (kind === 'trim') told.splice(0, items.length)
      else if (kind === 'prepend') told.unshift(...items)
      else if (kind === 'change') for (const item of items) told[told.findIndex(({ seq }) => seq === item.seq)] = item
      else told.push(...items)
    })
    let incomplete = 0
    room.addEventListener('incomplete', () => incomplete++)
    chat.start()
    return { chat, room, n, told, count: 0, incomplete: () => incomplete }
  })
  const retry = () => {
    for (const { room } of clients) for (const item of room.pending) if (item.state === 'failed') {
      failed.add(item.text)
      if (item.error.code === 'no_such_message') room.discard(item.id)
      else room.retry(item.id)
    }
  }
  for (let step = 0; step < 120; step++) {
    await clock.advance(random() * 500)
    const client = clients[Math.floor(random() * CLIENTS)]
    const dice = random()
    if (dice < 0.5) {
      for (let burst = Math.ceil(random() * 4); burst > 0; burst--) {
        const text = `client ${client.n} says ${client.count++}`
        client.room.send(text)
        sent.push(text)
      }
    } else if (dice < 0.53) world.change()
    else if (dice < 0.6) {
      const mine = client.room.messages.filter(({ person, deleted }) => person === client.chat.you?.id && !deleted)
      const { seq } = mine[Math.floor(random() * mine.length)] ?? {}
      if (seq && random() < 0.3) client.room.delete(seq)
      else if (seq) {
        edits.push(`client ${client.n} edits ${edits.length}`)
        client.room.edit(seq, edits.at(-1))
      }
    }
    else if (dice < 0.65) client.room.loadOlder().catch(() => {})
    else if (dice < 0.7) client.chat.wake()
    else if (dice < 0.73) client.room.trim(5)
    else if (dice < 0.76) retry()
    else if (dice < 0.77) world.trim()
  }
  world.calm = true
  for (let i = 0; i < 12; i++) {
    await clock.advance(60_000)
    retry()
  }
  return { world, clients, sent, edits, failed }
}

const brief = ({ seq, text, deleted }) => `${seq} ${deleted ? 'deleted' : text}`

const check = ({ world, clients, sent, edits, failed }) => {
  const said = world.log.filter(({ type }) => type === 'message')
  for (const text of sent) assert.equal(said.filter((m) => m.text === text).length, 1, `"${text}" is in the log once`)
  assert.equal(said.length, sent.length)
  for (const text of edits) {
    const times = world.log.filter((entry) => entry.type === 'edit' && entry.text === text).length
    assert.ok(times === 1 || times === 0 && failed.has(text), `"${text}" is in the log ${times} times`)
  }
  for (const { chat, room, n, told } of clients) {
    assert.equal(chat.state, 'online')
    assert.deepEqual(room.pending, [], `client ${n} waits for nothing`)
    assert.equal(room.head, world.log.length)
    const first = room.messages[0]?.seq ?? 0
    const want = said.filter(({ seq }) => seq >= first).map((entry) => world.now(entry))
    assert.deepEqual(room.messages.map(brief), want.map(brief), `client ${n} has the log`)
    assert.deepEqual(told.map(brief), room.messages.map(brief), `client ${n} was told all`)
    const order = said.filter((m) => m.text.startsWith(`client ${n} `) && !failed.has(m.text)).map((m) => Number(m.text.split(' ').at(-1)))
    assert.deepEqual(order, order.toSorted((a, b) => a - b), `what client ${n} said is in the order in which it was said`)
  }
}

const seeds = Number(process.env.SEEDS ?? 12)
for (const [name, faults] of Object.entries(weathers)) {
  test(`${name}: ${seeds} seeds`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const end = await storm(seed, faults)
      try {
        check(end)
      } catch (error) {
        error.message = `seed ${seed}: ${error.message}`
        throw error
      }
    }
  })
}

test('the storm is one: items fail, and windows start over', async () => {
  let failures = 0
  let resets = 0
  for (let seed = 1; seed <= 12; seed++) {
    const { failed, clients } = await storm(seed, weathers['connections cut early'])
    failures += failed.size
    for (const { incomplete } of clients) resets += incomplete()
  }
  assert.ok(failures > 0, `${failures} failed`)
  assert.ok(resets > 0, `${resets} incomplete`)
})
