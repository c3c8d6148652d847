// One WebSocket, from opening to its end. The next one is another Connection.
import { SUBPROTOCOL } from './protocol.js'
import { decode } from './decode.js'

const WELCOME_WITHIN = 10 * 1000 // ms; a socket which opens and says nothing is worth no more
const PULSE_EVERY = 4 * 60 * 1000 // ms; API Gateway closes after 10 minutes of silence

/**
 * How a connection ended.
 * @typedef {object} End
 * @property {number} code the close code; 1006: lost, also if dropped by us
 * @property {import('./protocol.js').ChatError|null} parting the error that went before
 */

export class Connection {
  #socket
  #timers
  #now
  #deadline
  #closed
  #ended = false
  /** @type {{error: import('./protocol.js').ChatError, at: number}|null} */
  #parting = null

  /**
   * May throw what the WebSocket constructor throws.
   * @param {object} options
   * @param {any} options.WebSocket
   * @param {string} options.server
   * @param {import('./types.js').Timers} options.timers
   * @param {() => number} options.now
   * @param {() => void} options.opened
   * @param {(event: import('./types.js').ServerEvent) => void} options.event
   * @param {(end: End) => void} options.closed called once, never from within a method but drop() and part()
   */
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
      if (decoded) event(decoded)
    }
    socket.onclose = (/** @type {{code: number}} */ { code }) => this.#end(code)
    socket.onerror = () => {} // close follows, and tells no less
    this.#deadline = timers.setTimeout(() => this.drop(), WELCOME_WITHIN)
  }

  welcomed() {
    this.welcomedAt = this.#now()
    this.#timers.clearTimeout(this.#deadline)
  }

  /** @param {import('./types.js').Action} action @returns {boolean} whether it was handed to the socket */
  send(action) {
    if (this.#ended || this.#socket.readyState !== 1) return false // 1: OPEN
    this.#socket.send(JSON.stringify(action))
    return true
  }

  /** Notes an error that no action asked for: if a close follows soon, this is why. @param {import('./protocol.js').ChatError} error */
  foretell(error) {
    this.#parting = { error, at: this.#now() }
  }

  /** Gives up with this as the reason. @param {import('./protocol.js').ChatError} error */
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

  /**
   * @param {object} options
   * @param {() => Map<string, import('./room.js').Room>} options.rooms
   * @param {(action: import('./types.js').Action) => Promise<import('./types.js').ServerEvent>} options.ask
   * @param {() => Connection|null} options.connection
   * @param {import('./types.js').Timers} options.timers
   */
  constructor(options) {
    this.#options = options
  }

  start() {
    this.#timer = this.#options.timers.setTimeout(() => {
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
      if (/** @type {import('./protocol.js').ChatError} */ (error).code === 'unanswered') connection?.drop()
    } finally {
      this.#asking = false
    }
  }
}
