// How a client resumes and sends again, told frame by frame: the same scenarios that
// the Go client is held to, protocol/testdata/resume. client/scenario_test.go says what
// the steps mean.
import test from 'node:test'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fakeChat, settle, welcome } from './fake.js'

const folder = new URL('../../../protocol/testdata/resume/', import.meta.url)

/** Whether an action has these fields, and lists these fields in each of their items. */
const has = (value, wanted) => (typeof wanted !== 'object' ? value === wanted
  : Object.entries(wanted).every(([key, field]) => has(value?.[key], field)))

for (const file of readdirSync(folder)) {
  const { about, begin, steps } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  test(`${file}: ${about}`, async () => {
    const { chat, clock, WebSocket } = fakeChat()
    const room = chat.join('general')
    const sent = []
    let incomplete = 0
    room.addEventListener('incomplete', () => incomplete++)
    chat.start()
    WebSocket.last.open()
    WebSocket.last.say(welcome({ rooms: ['general'] }), begin)
    await settle()

    const names = {} // of ids
    const fill = (value) => JSON.parse(JSON.stringify(value), (_, v) => (typeof v === 'string' && v[0] === '$' ? names[v.slice(1)] : v))
    const seen = new Map() // how many actions of each connection were looked at
    let news = [] // actions since the last one expected
    const look = () => {
      for (const socket of WebSocket.all) {
        if (socket.readyState === 0) socket.open()
        news.push(...socket.sent.slice(seen.get(socket) ?? 0))
        seen.set(socket, socket.sent.length)
      }
    }
    look()
    news = []
    for (const [i, step] of steps.entries()) {
      const at = `step ${i + 1}: ${JSON.stringify(step)}`
      if ('say' in step) WebSocket.last.say(fill(step.say))
      if ('end' in step) WebSocket.last.end(step.end)
      if ('send' in step) sent.push(room.send(step.send))
      for (let waited = 0; waited < (step.wait ?? 0); waited += 50) {
        await clock.advance(50)
        look()
        if (step.wait > 3600_000) await clock.advance(60_000), waited += 60_000
      }
      await settle()
      look()
      if ('expect' in step) {
        const wanted = fill(step.expect)
        for (let waited = 0; ; waited += 50) {
          const found = news.findIndex((action) => has(action, wanted))
          if (found >= 0) {
            names.id = news[found].id
            if (step.as) names[step.as] = names.id
            news = news.slice(found + 1)
            break
          }
          assert.ok(waited < (step.within ?? 0), `${at}: there came ${JSON.stringify(news)}`)
          await clock.advance(50)
          look()
        }
      }
      if ('quiet' in step) assert.deepEqual(news.filter(({ type }) => type === step.quiet), [], at)
      if ('has' in step) assert.deepEqual(room.messages.map(({ seq }) => seq), step.has, at)
      if ('texts' in step) for (const [seq, text] of Object.entries(step.texts)) assert.equal(room.messages.find((m) => m.seq === Number(seq))?.text, text, at)
      if ('incomplete' in step) assert.equal(incomplete, step.incomplete, at)
      if ('pending' in step) assert.equal(room.pending.length, step.pending, at)
      if ('failed' in step) assert.equal(sent.filter(({ state }) => state === 'failed').length, step.failed, at)
    }
    chat.stop()
  })
}
