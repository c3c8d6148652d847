// A bot: it answers whoever says "ping", and after a restart whoever did meanwhile,
// as the same person. Node 22 and browsers have a WebSocket; for Node 20: npm install ws.
//
//   node echo.mjs ws://127.0.0.1:8080/socket general
import { readFileSync, writeFileSync } from 'node:fs'
import { Chat } from '../../wwwroot/sdk/chat.js'

const [server, name = 'general', file = 'echo.json'] = process.argv.slice(2)
const WebSocket = globalThis.WebSocket ?? (await import('ws')).default

/** What outlives the process: who the bot is, what it has not sent yet, where it was. */
const values = new Map(Object.entries(read(file)))
const storage = {
  getItem: key => values.get(key) ?? null,
  setItem: (key, value) => { values.set(key, value); save() },
  removeItem: key => { values.delete(key); save() },
  key: index => [...values.keys()][index] ?? null,
  get length() { return values.size },
}

const chat = new Chat({ server, storage, WebSocket })
chat.addEventListener('error', ({ detail }) => console.error(detail.message))
// Before start, which joins where something was left unsent, and then has no position to start from.
const room = chat.join(name, JSON.parse(storage.getItem('position')))
room.addEventListener('messages', ({ detail: { kind, items } }) => {
  if (kind === 'append') {
    for (const { text, from, person } of items) {
      if (person !== chat.you.id && text === 'ping') room.send(`pong, ${from}`)
    }
  }
  storage.setItem('position', JSON.stringify(room.position()))
})
const joined = new Promise(resolve => room.addEventListener('joined', resolve, { once: true }))
room.addEventListener('incomplete', () => console.error('too much was said meanwhile to hear it all'))
process.once('SIGTERM', () => chat.stop())

console.log(`connecting to ${server}`)
chat.start()
await chat.rename(chat.remembered || 'echo')
await joined
console.log(`here I am: ${chat.you.name} in ${name}`)

function save() { writeFileSync(file, JSON.stringify(Object.fromEntries(values)), { mode: 0o600 }) }

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {} // its first time
  }
}
