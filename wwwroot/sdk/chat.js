// The chat as a program sees it: connects, stays connected, and holds the rooms.
import { Answers, Readiness, unconnected } from './answers.js'
import { Life, Pulse } from './connection.js'
import { ANSWERS_ACTION, BLAMED_CLOSES, ChatError, DEFAULT_LIMITS, emit, FINAL_CODES, measure } from './protocol.js'
import { Room } from './room.js'
import { ALL, concede, hello, ids, Session, Unsent } from './session.js'

/** @import { Action, ChatOptions, End, Moderated, NewSession, Position, Renamed, RoomInfo, RoomLink, ServerEvent, Welcome, Wishes, You } from './types.js' */
/** @import { Connection } from './connection.js' */

const AWAKE = 2 * 60 * 60 * 1000 // ms that a hidden page stays connected

/**
 * Events: 'state', 'you', 'version', 'notice' (detail {code, text}), 'moderated'
 * (detail Moderated), 'error' (detail ChatError that answers no pending promise).
 */
export class Chat extends EventTarget {
  #life
  #answers
  #session
  #link
  #hello = { id: '', wishes: ALL }
  #nameRefused = false
  /** @type {ServerEvent[]} */
  #early = []
  #token
  #spent = '' // the link that the last hello carried
  #nextId
  #pulse
  #readiness
  #unsent
  #hiddenAt = Infinity // ms since 1970

  /** @param {ChatOptions} options */
  constructor({
    server, storage, tab, link = '', WebSocket = globalThis.WebSocket, now = Date.now, random = Math.random,
    timers = globalThis, locks = storage ? undefined : globalThis.navigator?.locks, onLine = () => globalThis.navigator?.onLine !== false,
  }) {
    super()
    /** From the first welcome on. @type {You|null} */
    this.you = null
    this.limits = DEFAULT_LIMITS
    /** Name and version, as welcome tells. */
    this.server = ''
    /** @type {Map<string, Room>} */
    this.rooms = new Map()
    this.#token = link
    this.#session = new Session(server, storage, tab)
    this.#nextId = ids(random)
    this.#unsent = new Unsent(server, storage, locks, this.#nextId())
    this.#life = new Life({
      WebSocket, server, now, random, timers, onLine,
      idle: () => this.#idle(),
      opened: (connection) => this.#greet(ALL, connection),
      event: (event, connection) => this.#receive(event, connection),
      lost: (end, innocent) => this.#lost(end, innocent),
      changed: () => this.#changed(),
    })
    this.#answers = new Answers(timers, (action) => this.#life.connection?.send(action) ?? false)
    this.#readiness = new Readiness(() => this.state, timers)
    this.#pulse = new Pulse({
      rooms: () => this.rooms, ask: (action) => this.#ask(action), connection: () => this.#life.connection,
      idle: () => this.#idle(), rest: () => this.#life.rest(), timers,
    })
    /** @type {RoomLink} */
    this.#link = {
      online: () => this.state === 'online',
      you: () => this.you,
      writer: () => this.you ? this.you.name && this.you.id : this.#session.person,
      keep: (room, items) => this.#unsent.keep(room, items),
      probe: () => this.#pulse.now(),
      nextId: this.#nextId,
      tell: (action) => this.state === 'online' && (this.#life.connection?.send(action) ?? false),
      ask: (action) => this.#ask(action),
      complain: (error) => emit(this, 'error', error),
      measure: (text) => this.measure(text),
      now, random, timers,
    }
  }

  get state() { return this.#life.state }
  /** ms since 1970 when 'waiting' ends, else 0. */
  get retryAt() { return this.#life.retryAt }
  /** Why the server wants us to stay away; null: it said nothing, or nobody was sent away. */
  get stopReason() { return this.#life.stopReason }
  /** The name that this device had last time, '' if none. */
  get remembered() { return this.#session.name }

  /** Whether what was not sent yet would be lost with this page, because the storage takes nothing. */
  get forgetful() { return this.#unsent.forgetful }

  start() {
    this.#unsent.hold()
    this.#adopt()
    this.#life.connect()
  }

  stop() {
    this.#life.stop()
    this.#unsent.release()
  }

  /** Connects at once instead of waiting. */
  retryNow() { this.#life.connect() }
  /** Whether nobody sees the page. After two hours of that the chat rests, unless something waits to be sent. @param {boolean} hidden */
  set hidden(hidden) { this.#hiddenAt = hidden ? this.#link.now() : Infinity }
  /** To be called when the page becomes visible and when the browser's 'online' and 'offline' come. */
  wake() { if (this.#life.wake()) this.#pulse.now() }

  /** Takes a name; rejects ChatError. @param {string} name @returns {Promise<void>} */
  async rename(name) {
    await this.#readiness.online()
    await this.#ask({ type: 'rename', name })
  }

  /**
   * Joins, and again after each reconnect until leave.
   * @param {string} name
   * @param {Position} [position] where room.position() was: if joined before start(), all since then comes, and nothing older
   */
  join(name, position) {
    const known = this.rooms.get(name)
    if (known) return known
    const room = new Room(name, this.#link, position)
    this.rooms.set(name, room)
    if (this.state === 'online') room.enter()
    return room
  }

  /** @param {string} name */
  leave(name) {
    const room = this.rooms.get(name)
    if (!room) return
    room.close()
    this.rooms.delete(name)
    this.#ask({ type: 'leave', room: name }).catch(() => {}) // nobody waits to hear that
  }

  /** The most recently spoken in first; rejects ChatError. @returns {Promise<RoomInfo[]>} */
  async listRooms() {
    await this.#readiness.online()
    const answer = await this.#ask({ type: 'rooms' })
    return answer.type === 'rooms' ? answer.rooms : []
  }

  /** Does what a link is good for; rejects ChatError. @param {string} link its token @returns {Promise<void>} */
  async follow(link) {
    await this.#readiness.online()
    this.#spent = link
    await this.#ask({ type: 'link', link })
    for (const room of this.rooms.values()) if (room.refusal) room.enter()
  }

  /** An action that keeps order, or is about oneself; rejects ChatError. @param {Action} action */
  async act(action) {
    await this.#readiness.online()
    return this.#ask(action)
  }

  /** @param {string} text */
  measure(text) { return measure(text, this.limits) }

  /** Sends what pages that are no more did not, in whichever room it was said. */
  #adopt() { this.#unsent.adopt((room, items) => this.join(room).restore(items)) }

  /** @param {Action} action */
  async #ask({ type, ...fields }) {
    if (this.state !== 'online') throw unconnected()
    return this.#answers.ask({ type, id: this.#nextId(), ...fields })
  }

  #idle() {
    return this.#link.now() - this.#hiddenAt >= AWAKE && ![...this.rooms.values()].some(({ pending }) => pending.some(({ state }) => state !== 'failed'))
  }

  /** @param {Wishes} wishes @param {Connection} connection */
  #greet(wishes, connection) {
    const { token, name } = this.#session
    this.#hello = { id: this.#nextId(), wishes }
    this.#early = []
    if (wishes.link) this.#spent = this.#token
    connection.send(hello({
      id: this.#hello.id,
      session: token,
      name: this.#nameRefused ? '' : name,
      link: this.#token,
      rooms: [...this.rooms.values()].slice(0, this.limits.rooms).map((room) => room.position()),
    }, wishes))
  }

  /** @param {ServerEvent} event @param {Connection} connection */
  #receive(event, connection) {
    if (event.type === 'joined' && connection.welcomedAt === 0) { // it overtook its welcome
      if (this.#early.length < this.rooms.size) this.#early.push(event)
      return
    }
    switch (event.type) {
      case 'welcome': return this.#welcomed(event, connection)
      case 'error': return this.#refused(ChatError.of(event), event.id, connection)
      case 'unanswered': return this.#doubt(connection)
      case 'renamed': return this.#renamed(event)
      case 'notice': return void emit(this, 'notice', { code: event.code, text: event.text })
      case 'session': return this.#renewed(event)
      case 'moderated': this.#moderated(event)
      case 'rooms': case 'pong': case 'moderation': case 'audit': case 'invitation': return void this.#answers.resolve(event.id, event)
      case 'joined': case 'history': case 'left': this.#answers.resolve(event.id, event)
    }
    if (event.type === 'erased') for (const room of this.rooms.values()) room.receive(event)
    else if ('room' in event) this.rooms.get(event.room)?.receive(event)
  }

  /** @param {Welcome} event @param {Connection} connection */
  #welcomed({ you, session, server, limits, rooms }, connection) {
    if (connection.welcomedAt > 0) return // a repeat
    const newVersion = this.server !== '' && server !== this.server
    this.you = you
    this.server = server
    this.limits = limits ?? this.limits
    this.#token = ''
    this.#session.welcomed(session, you)
    emit(this, 'you', you)
    const wanted = [...this.rooms] // those that a listener joins now join by themselves
    const relieved = this.state === 'online'
    this.#life.welcomed(connection)
    if (relieved) this.#answers.again()
    for (const [name, room] of wanted) {
      if (relieved) room.lost('innocent', null)
      room.welcomed(this.#hello.wishes.rooms && rooms.includes(name))
    }
    for (const event of this.#early.splice(0)) this.#receive(event, connection)
    this.#adopt()
    if (newVersion) emit(this, 'version', server)
  }

  /** @param {Moderated} event */
  #moderated(event) {
    for (const [name, room] of this.rooms) if (!event.room || event.room === name) room.receive(event)
    emit(this, 'moderated', event)
  }

  /** @param {NewSession} event */
  #renewed(event) {
    const { id, you, session } = event
    this.you = you
    this.#session.welcomed(session, you)
    emit(this, 'you', you)
    this.#answers.resolve(id, event)
  }

  /** @param {ChatError} error @param {string} id of the action it answers @param {Connection} connection */
  #refused(error, id, connection) {
    if (FINAL_CODES.has(error.code)) connection.foretell(error)
    if (error.code === 'signed_out') {
      this.#session.forget()
      this.you = null
      emit(this, 'you', null)
    }
    if (error.code === 'name_first' && this.#spent) {
      this.#token = this.#spent // for when there is a name
      this.#spent = ''
      if (id === '') return
    }
    if (id !== '' && id === this.#hello.id && connection.welcomedAt === 0) return this.#turnedAway(error, connection)
    if (id !== '' && this.#answers.reject(id, error)) return
    for (const room of this.rooms.values()) if (room.refused(id, error)) return
    // Hello asked for several rooms: which one is it?
    if (error.code === 'invitation_needed') for (const room of this.rooms.values()) if (!room.open) room.enter()
    if (id === '' && !ANSWERS_ACTION.has(error.code)) connection.foretell(error)
    emit(this, 'error', error)
  }

  /** @param {ChatError} error @param {Connection} connection */
  #turnedAway(error, connection) {
    const wishes = concede(this.#hello.wishes, error.code)
    if (!wishes) return connection.part(error)
    if (this.#hello.wishes.name && !wishes.name) this.#nameRefused = true
    this.#greet(wishes, connection)
    emit(this, 'error', error)
  }

  /** @param {Renamed} event */
  #renamed(event) {
    for (const room of this.rooms.values()) room.receive(event)
    if (!this.you || event.person !== this.you.id) return
    this.you = { ...this.you, name: event.to }
    this.#session.welcomed('', this.you)
    this.#nameRefused = false
    emit(this, 'you', this.you)
    for (const room of this.rooms.values()) room.named()
    this.#answers.resolve(event.id, event)
    if (!this.#token) return
    this.follow(this.#token).catch((error) => emit(this, 'error', error))
    this.#token = ''
  }

  /** API Gateway says that an action failed, not which. @param {Connection} connection */
  #doubt(connection) {
    if (connection.welcomedAt === 0) return connection.drop()
    this.#answers.again()
    for (const room of this.rooms.values()) room.doubt()
  }

  /** @param {End} end @param {boolean} innocent */
  #lost({ code, parting }, innocent) {
    this.#answers.lost()
    const item = BLAMED_CLOSES.has(code) ? 'guilty' : innocent ? 'innocent' : 'suspect'
    for (const room of this.rooms.values()) room.lost(item, parting)
  }

  #changed() {
    this.#pulse.stop()
    if (this.state === 'online') this.#pulse.start()
    this.#readiness.look()
    for (const room of this.rooms.values()) room.named()
    emit(this, 'state', this.state)
  }
}
