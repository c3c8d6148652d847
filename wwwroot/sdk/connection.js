// A chat's life: it connects, is online, waits and connects again, until it is
// stopped by us or told to stay away. One connection at a time, but for the moment
// in which the next one takes over from one that has become old.
import { ChatError, decode, FINAL_CLOSES, FINAL_CODES, SUBPROTOCOL } from './protocol.js'

/** @import { Action, ChatState, ConnectionOptions, End, LifeOptions, PulseOptions, ServerEvent, Timers } from './types.js' */
/** @import { Room } from './room.js' */

const LONGEST_WAIT = 24 * 60 * 60 * 1000 // ms, whatever an error says
const LEAST_WAIT = 100 // ms, so that a server which says 1 isn't asked a thousand times a second
const ASLEEP = 6 * 60 * 1000 // ms of silence, two keep-alives missed: this device slept, the socket is dead

const OLD = 110 * 60 * 1000 // ms; API Gateway ends a connection after two hours
const SPREAD = 10 * 60 * 1000 // ms before that, so that not all come at once
const RELIEVE_AGAIN = 60 * 1000 // ms, where the next connection did not come about

const LEAST = 500 // ms between two tries
const MOST = 30 * 1000 // ms
const STABLE = 60 * 1000 // ms online after which the tries are counted anew

export class Life {
  /** @type {ChatState} */
  state = 'stopped'
  retryAt = 0
  /** @type {ChatError|null} */
  stopReason = null
  /** @type {Connection|null} */
  connection = null
  /** The one that is to take over. @type {Connection|null} */
  #next = null
  /** @type {any} */
  #timer = null // while there is no connection
  /** @type {any} */
  #relief = null // while there is one
  #backoff
  #options

  /** @param {LifeOptions} options */
  constructor(options) {
    this.#options = options
    this.#backoff = new Backoff(options.random)
  }

  /** Connects at once, unless it is connected or about to be. */
  connect() {
    if (this.connection) return
    this.#options.timers.clearTimeout(this.#timer)
    this.stopReason = null
    try {
      this.connection = this.#open()
      this.#be('connecting')
    } catch {
      this.#wait(this.#backoff.next())
    }
  }

  #open() {
    const { WebSocket, server, now, timers, opened, event } = this.#options
    const connection = new Connection({
      WebSocket, server, now, timers,
      opened: () => opened(connection),
      event: (told) => event(told, connection),
      closed: (end) => this.#closed(end, connection),
    })
    return connection
  }

  /** The server took us in: on the first connection, or on the one that takes over. @param {Connection} connection */
  welcomed(connection) {
    const { random } = this.#options
    const old = this.connection
    connection.welcomed()
    this.connection = connection
    this.#next = null
    this.#relieveIn(OLD - random() * SPREAD)
    if (old === connection) this.#be('online')
    else old?.drop(1000)
  }

  /** @param {number} ms */
  #relieveIn(ms) {
    const { timers, idle } = this.#options
    timers.clearTimeout(this.#relief)
    this.#relief = timers.setTimeout(() => {
      if (this.state !== 'online' || idle()) return
      try {
        this.#next = this.#open()
      } catch {
        this.#relieveIn(RELIEVE_AGAIN)
      }
    }, ms)
  }

  /** Ends the connection, and comes back when woken. */
  rest() { this.connection?.drop(1000) }

  stop() {
    this.#options.timers.clearTimeout(this.#timer)
    this.#be('stopped')
    this.connection?.drop(1000)
  }

  /** The page came to the front, or the browser says that there is a network. @returns {boolean} whether the connection is worth a ping */
  wake() {
    if (this.state === 'waiting' || this.state === 'offline') this.connect()
    if (this.state !== 'online' || !this.connection) return false
    if (this.#options.now() - this.connection.heardAt < ASLEEP) return true
    this.#backoff.tries = 0
    this.connection.drop()
    this.connect()
    return false
  }

  /** @param {End} end @param {Connection} connection */
  #closed(end, connection) {
    const { now, onLine, lost, timers } = this.#options
    if (connection === this.#next) {
      this.#next = null
      this.#relieveIn(RELIEVE_AGAIN)
    }
    if (connection !== this.connection) return
    timers.clearTimeout(this.#relief)
    this.connection = null
    if (connection.welcomedAt > 0) this.#backoff.ended(now() - connection.welcomedAt)
    const stopped = this.state === 'stopped'
    const told = FINAL_CODES.has(end.parting?.code ?? '') ? 0 : end.parting?.after ?? 0
    const next = this.#next
    this.#next = null
    lost(end, stopped || told > 0 || !onLine())
    if (next && !stopped && !this.connection && !end.parting && !FINAL_CLOSES.has(end.code)) {
      this.connection = next // it was late
      return this.#be('connecting')
    }
    next?.drop(1000)
    if (stopped || this.connection) return
    if (told > 0) this.#wait(Math.min(Math.max(told, LEAST_WAIT), LONGEST_WAIT))
    else if (end.parting && !end.parting.retry) this.#stay(end.parting)
    else if (!end.parting && FINAL_CLOSES.has(end.code)) this.#stay(null)
    else this.#wait(this.#backoff.next())
  }

  /** Does not come back by itself. @param {ChatError|null} reason */
  #stay(reason) {
    this.stopReason = reason
    this.#be('stopped')
  }

  /** @param {number} ms */
  #wait(ms) {
    const { now, timers, onLine, idle } = this.#options
    if (idle()) return this.#be('waiting')
    this.#timer = timers.setTimeout(() => this.connect(), ms)
    // Without a network too it is tried: the server may be on this very machine.
    if (onLine()) this.#be('waiting', now() + ms)
    else this.#be('offline')
  }

  /** @param {ChatState} state @param {number} retryAt */
  #be(state, retryAt = 0) {
    const same = state === this.state && retryAt === this.retryAt
    this.state = state
    this.retryAt = retryAt
    if (!same) this.#options.changed()
  }
}

/**
 * How long to wait before connecting again. Full jitter spreads the thousands that
 * lost their server in the same moment.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export class Backoff {
  /** @param {() => number} random 0 to less than 1 */
  constructor(random) {
    this.random = random
    this.tries = 0
  }

  /** ms to wait now: between 500 and a bound that doubles from 1 s to 30 s. */
  next() {
    const bound = Math.min(MOST, 2 * LEAST * 2 ** Math.min(this.tries++, 10))
    return LEAST + this.random() * (bound - LEAST)
  }

  /** A connection ended. @param {number} online ms between its welcome and its end */
  ended(online) {
    if (online >= STABLE) this.tries = 0
  }
}

// One WebSocket, from opening to its end. The next one is another Connection.

const WELCOME_WITHIN = 10 * 1000 // ms; a socket which opens and says nothing is worth no more
const PULSE_EVERY = 4 * 60 * 1000 // ms; API Gateway closes after 10 minutes of silence

export class Connection {
  #socket
  #timers
  #now
  #deadline
  #closed
  #ended = false
  /** @type {{error: ChatError, at: number}|null} */
  #parting = null

  /** May throw what the WebSocket constructor throws. @param {ConnectionOptions} options */
  constructor({ WebSocket, server, timers, now, opened, event, closed }) {
    this.#timers = timers
    this.#now = now
    this.#closed = closed
    this.heardAt = now() // ms since 1970: the last frame, whatever it was
    this.welcomedAt = 0 // ms since 1970; 0: not yet
    const socket = this.#socket = new WebSocket(server, SUBPROTOCOL)
    socket.onopen = () => opened()
    socket.onmessage = (/** @type {{data: unknown}} */ { data }) => {
      this.heardAt = now()
      const decoded = decode(data)
      if (decoded && !this.#ended) event(decoded)
    }
    socket.onclose = (/** @type {{code: number}} */ { code }) => this.#end(code)
    socket.onerror = () => {} // close follows, and tells no less
    this.#deadline = timers.setTimeout(() => this.drop(), WELCOME_WITHIN)
  }

  welcomed() {
    this.welcomedAt = this.#now()
    this.#timers.clearTimeout(this.#deadline)
  }

  /** @param {Action} action @returns {boolean} whether it was handed to the socket */
  send(action) {
    if (this.#ended || this.#socket.readyState !== 1) return false // 1: OPEN
    this.#socket.send(JSON.stringify(action))
    return true
  }

  /** Notes an error that no action asked for: if a close follows soon, this is why. @param {ChatError} error */
  foretell(error) {
    this.#parting = { error, at: this.#now() }
  }

  /** Gives up with this as the reason. @param {ChatError} error */
  part(error) {
    this.foretell(error)
    this.drop()
  }

  /** Gives up without waiting for the other side, which may never answer. */
  drop(code = 1006) {
    const socket = this.#socket
    socket.onopen = socket.onmessage = socket.onclose = null
    try {
      socket.close()
    } catch { /* it was not open yet */ }
    this.#end(code)
  }

  /** @param {number} code */
  #end(code) {
    if (this.#ended) return
    this.#ended = true
    this.#timers.clearTimeout(this.#deadline)
    const soon = this.#parting !== null && this.#now() - this.#parting.at < 5000 // ms
    this.#closed({ code, parting: soon ? this.#parting?.error ?? null : null })
  }
}

/**
 * Whether the connection lives, and whether a room's tail was lost: asked every 4
 * minutes, and when the page comes to the front.
 */
export class Pulse {
  /** @type {any} */
  #timer = null
  #asking = false
  #options

  /** @param {PulseOptions} options */
  constructor(options) {
    this.#options = options
  }

  start() {
    const { timers, idle, rest } = this.#options
    this.#timer = timers.setTimeout(() => {
      if (idle()) return rest()
      this.now()
      this.start()
    }, PULSE_EVERY)
  }

  stop() {
    this.#options.timers.clearTimeout(this.#timer)
  }

  /** Asks; without an answer the connection is dropped. */
  async now() {
    if (this.#asking) return
    this.#asking = true
    const { rooms, ask } = this.#options
    const connection = this.#options.connection()
    const asked = [...rooms().values()].filter((room) => room.epoch !== '')
    try {
      const positions = asked.map((room) => room.position())
      const answer = await ask({ type: 'ping', ...(positions.length > 0 && { rooms: positions }) })
      if (answer.type !== 'pong') return
      for (const room of asked) room.heard(answer.rooms.find((told) => told.room === room.name))
    } catch (error) {
      if (/** @type {ChatError} */ (error).code === 'unanswered') connection?.drop()
    } finally {
      this.#asking = false
    }
  }
}
