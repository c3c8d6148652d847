// A server in miniature with the manners of the AWS home: it promises a durable
// log and nothing about delivery. Frames are late, overtake each other, come
// twice or never; actions fail before or after their effect; connections break.

const RESUME = 12 // entries that may have been missed

export class World {
  log = [] // entries of the one room; seq is the index + 1
  claims = new Map() // person and id to seq
  people = new Map() // session to person
  connections = new Set()
  epoch = 'e1'
  floor = 0
  calm = false

  constructor({ clock, random, faults }) {
    Object.assign(this, { clock, random, faults })
  }

  /** The WebSocket class of this world. */
  get WebSocket() {
    const world = this
    return class {
      readyState = 0
      constructor() {
        world.later(200, () => {
          if (this.readyState !== 0) return
          this.readyState = 1
          world.connections.add(this)
          this.onopen?.()
          if (!world.calm && world.faults.cut > 0) world.clock.setTimeout(() => world.cut(this), 500 + world.random() * world.faults.cut)
        })
      }
      send(frame) {
        world.later(world.faults.delay, () => {
          const arrived = this.readyState === 1 || world.chance(0.3) // a function may still run when its connection is gone
          if (arrived) world.act(this, JSON.parse(frame))
        })
      }
      close() {
        this.readyState = 3
        world.connections.delete(this)
      }
    }
  }

  chance(p) { return !this.calm && this.random() < p }
  later(ms, run) { this.clock.setTimeout(run, this.calm ? 1 : this.random() * ms) }

  cut(socket) {
    if (socket.readyState !== 1 || this.calm) return
    if (this.chance(0.2)) this.give(socket, { type: 'error', code: 'restarting', message: 'x', retry: true, after: 200 })
    socket.close()
    this.later(300, () => socket.onclose?.({ code: this.random() < 0.5 ? 1006 : 1001 }))
  }

  /** Delivers, or not, or twice. */
  give(socket, event) {
    if (this.chance(this.faults.lose)) return
    const frame = JSON.stringify(event)
    for (let copies = this.chance(this.faults.double) ? 2 : 1; copies > 0; copies--) {
      this.later(this.faults.delay, () => socket.onmessage?.({ data: frame }))
    }
  }

  tell(event) { for (const socket of this.connections) if (socket.joined) this.give(socket, event) }

  act(socket, action) {
    const failed = () => this.give(socket, { message: 'Internal server error', connectionId: 'x', requestId: 'y' })
    if (this.chance(this.faults.fail)) return failed()
    this[`on_${action.type}`]?.(socket, action)
    if (this.chance(this.faults.fail)) failed()
  }

  on_hello(socket, { id, session, rooms = [] }) {
    if (socket.person) return this.give(socket, { type: 'error', id, code: 'hello_twice', message: 'x', retry: false })
    session = this.people.has(session) ? session : `session-${this.people.size}`
    if (!this.people.has(session)) this.people.set(session, `person-${this.people.size}`)
    socket.person = this.people.get(session)
    this.give(socket, { type: 'welcome', id, you: { id: socket.person, name: socket.person, color: 1, role: 'guest' }, session, server: 'world 1', rooms: rooms.map(({ room }) => room) })
    for (const position of rooms) this.on_join(socket, position)
  }

  on_join(socket, { id, epoch, after }) {
    socket.joined = true
    const head = this.log.length
    const known = after !== undefined && (epoch ?? this.epoch) === this.epoch && after >= this.floor && head - after <= RESUME
    const page = known ? this.page(after + 1, Math.min(head, after + 10)) : this.page(Math.max(this.floor + 1, head - 9), head)
    this.give(socket, { type: 'joined', id, ...page, complete: known || after === undefined, more: known ? page.to < head : page.from > this.floor + 1, people: [], count: 1 })
  }

  on_history(socket, { id, before, after, limit = 10 }) {
    const head = this.log.length
    const newer = after !== undefined
    const known = !newer || (after >= this.floor && head - after <= RESUME)
    const page = newer && known ? this.page(after + 1, Math.min(head, after + 10)) : this.page(Math.max(this.floor + 1, (newer ? head + 1 : before) - limit), newer ? head : before - 1)
    this.give(socket, { type: 'history', id, ...page, complete: known, more: newer && known ? page.to < head : page.from > this.floor + 1 })
  }

  page(from, to) {
    const entries = this.log.slice(from - 1, Math.max(from - 1, to))
    return {
      room: 'general', epoch: this.epoch, floor: this.floor, head: this.log.length, from, to: Math.max(from - 1, to),
      messages: entries.filter(({ type }) => type === 'message').map((entry) => this.now(entry)),
      changes: entries.filter(({ type }) => type !== 'message').map((change) => this.asNow(change)),
    }
  }

  /** A message as it is now. */
  now({ type, room, ...message }) {
    for (const change of this.log) {
      if (change.target !== message.seq) continue
      message = change.type === 'delete' ? { seq: message.seq, text: '', deleted: true } : { ...message, text: change.text, edited: change.seq }
      if (message.deleted) break
    }
    return message
  }

  on_message(socket, { id, text }) {
    if (!socket.joined) return this.give(socket, { type: 'error', id, code: 'not_in_room', message: 'x', retry: false })
    if (this.chance(0.05)) return this.give(socket, { type: 'error', id, code: 'too_fast', message: 'x', retry: true, after: 300 })
    const claim = `${socket.person} ${id}`
    const known = this.claims.get(claim)
    if (known !== undefined) return this.tell(this.log[known - 1])
    this.claims.set(claim, this.log.length + 1)
    this.append({ type: 'message', room: 'general', id, person: socket.person, from: socket.person, text, at: 1000 + this.log.length })
  }

  on_edit(socket, action) { this.changed(socket, action) }
  on_delete(socket, action) { this.changed(socket, action) }

  /** Own messages, each change once; a deleted message is changed no more. */
  changed(socket, { type, id, target, text }) {
    const claim = `${socket.person} ${id}`
    const known = this.claims.get(claim)
    if (known !== undefined) return this.tell(this.asNow(this.log[known - 1]))
    const message = this.log[target - 1]
    if (!socket.joined) return this.give(socket, { type: 'error', id, code: 'not_in_room', message: 'x', retry: false })
    if (message?.person !== socket.person || this.now(message).deleted) return this.give(socket, { type: 'error', id, code: 'no_such_message', message: 'x', retry: false })
    this.claims.set(claim, this.log.length + 1)
    this.append({ type, room: 'general', id, person: socket.person, target, at: 1000 + this.log.length, ...(type === 'edit' && { text }) })
  }

  /** Of an edit that a newer change has replaced only the place is kept. */
  asNow(change) {
    const replaced = change.type === 'edit' && this.log.some(({ seq, target }) => target === change.target && seq > change.seq)
    return replaced ? { ...change, text: '' } : change
  }

  append(entry) {
    this.log.push({ ...entry, seq: this.log.length + 1 })
    this.tell(this.log.at(-1))
  }

  /** Somebody edits or deletes one of the last messages. */
  change() {
    const targets = this.log.slice(-30).filter((e) => e.type === 'message' && !this.now(e).deleted)
    if (targets.length === 0) return
    const { seq } = targets[Math.floor(this.random() * targets.length)]
    this.append(this.random() < 0.3 ? { type: 'delete', room: 'general', target: seq } : { type: 'edit', room: 'general', target: seq, text: `edit ${this.log.length + 1}` })
  }

  /** The oldest go. */
  trim() { this.floor = Math.max(this.floor, this.log.length - 20) }

  on_ping(socket, { id }) {
    this.give(socket, { type: 'pong', id, rooms: socket.joined ? [{ room: 'general', epoch: this.epoch, head: this.log.length }] : [] })
  }

  on_rooms(socket, { id }) { this.give(socket, { type: 'rooms', id, rooms: [] }) }
}
