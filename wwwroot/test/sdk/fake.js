// A clock, a socket and a storage to play with: time passes only when told.
import { readFileSync } from 'node:fs'
import { Chat } from '../../sdk/chat.js'

/** Lets promises settle. */
export const settle = async () => {
  for (let i = 0; i < 12; i++) await null
}

export class FakeClock {
  time = 1_795_370_400_000
  timers = []
  count = 0
  now = () => this.time
  setTimeout(run, ms) {
    const timer = { run, due: this.time + Math.max(0, ms), order: this.count++ }
    this.timers.push(timer)
    return timer
  }
  clearTimeout(timer) {
    const i = this.timers.indexOf(timer)
    if (i >= 0) this.timers.splice(i, 1)
  }
  /** Runs what is due within ms, in order. */
  async advance(ms) {
    const end = this.time + ms
    await settle()
    for (;;) {
      let next
      for (const t of this.timers) if (t.due <= end && (!next || t.due < next.due || (t.due === next.due && t.order < next.order))) next = t
      if (!next) break
      this.clearTimeout(next)
      this.time = Math.max(this.time, next.due)
      next.run()
      await settle()
    }
    this.time = end
  }
}

/** A WebSocket whose other side is the test. */
export const fakeWebSocket = () => class FakeWebSocket {
  static all = []
  static get last() { return this.all.at(-1) }
  readyState = 0
  sent = [] // actions, decoded
  raw = []
  constructor(url, protocol) {
    this.url = url
    this.protocol = protocol
    this.constructor.all.push(this)
  }
  send(frame) {
    if (this.readyState !== 1) throw new Error('not open')
    this.raw.push(frame)
    this.sent.push(JSON.parse(frame))
  }
  close() { this.readyState = 3; this.closedByUs = true }
  open() { this.readyState = 1; this.onopen?.() }
  say(...events) { for (const e of events) this.onmessage?.({ data: typeof e === 'string' ? e : JSON.stringify(e) }) }
  end(code = 1006) { this.readyState = 3; this.onclose?.({ code }) }
  /** The actions of a type, the last of them, what was sent since last asked. */
  all(type) { return this.sent.filter((action) => action.type === type) }
  last(type) { return this.all(type).at(-1) }
}

export const seeded = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

export const fakeStorage = (values = {}) => ({
  values,
  getItem: (key) => values[key] ?? null,
  setItem: (key, value) => { values[key] = value },
  removeItem: (key) => { delete values[key] },
  get length() { return Object.keys(values).length },
  key: (i) => Object.keys(values)[i] ?? null,
})

export const golden = (kind, name) => JSON.parse(readFileSync(new URL(`../../../protocol/testdata/${kind}/${name}.json`, import.meta.url), 'utf8'))

export const ME = 'abcdefghij234567'
export const OTHER = 'bcdefghijk234567'

export const welcome = (more = {}) => ({ ...golden('events', 'welcome'), rooms: [], ...more })

export const said = (seq, more = {}) => ({
  type: 'message', room: 'general', seq, id: `o-${seq}`, from: 'Grace', person: OTHER, text: `text ${seq}`, at: 1_795_370_400_000 + seq, ...more,
})

const item = (seq) => {
  const { type, room, ...rest } = said(seq)
  return rest
}

/** A page of a log whose entries are all said(seq). */
export const page = (type, from, to, more = {}) => ({
  type, room: 'general', epoch: 'e1', floor: 0, head: to, from, to, complete: true, more: false,
  messages: Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => item(from + i)), changes: [],
  ...(type === 'joined' && { people: [], count: 0 }), ...more,
})

/** A chat with everything injected; network: whether the browser says that there is one. */
export const fakeChat = ({ storage = fakeStorage(), random = () => 0.5, ...more } = {}) => {
  const clock = new FakeClock()
  const WebSocket = fakeWebSocket()
  const network = { onLine: true }
  const chat = new Chat({ server: 'wss://chat.example.org/socket', storage, WebSocket, now: clock.now, random, timers: clock, onLine: () => network.onLine, ...more })
  const seen = []
  for (const type of ['state', 'you', 'version', 'notice', 'error']) chat.addEventListener(type, (e) => seen.push([type, e.detail]))
  return { chat, clock, WebSocket, network, seen, storage }
}

/** Starts, and is welcomed; a room general is joined with entries 1 to head. */
export const inGeneral = async (head = 3, options = {}) => {
  const fake = fakeChat(options)
  const room = fake.chat.join('general')
  const events = []
  for (const type of ['messages', 'pending', 'people', 'typing', 'joined', 'incomplete']) room.addEventListener(type, (e) => events.push([type, e.detail]))
  fake.chat.start()
  const socket = fake.WebSocket.last
  socket.open()
  socket.say(welcome({ rooms: ['general'] }), page('joined', 1, head))
  await settle()
  return { ...fake, room, events, socket }
}

/** The next connection, welcomed. */
export const again = async ({ clock, WebSocket }, ...events) => {
  const before = WebSocket.last
  for (let waited = 0; WebSocket.last === before && waited < 31_000; waited += 250) await clock.advance(250)
  const socket = WebSocket.last
  socket.open()
  socket.say(welcome({ rooms: ['general'] }), ...events)
  await settle()
  return socket
}

export const seqs = (room) => room.messages.map(({ seq }) => seq)
