// One WebSocket, from opening to its end. The next one is another Connection.
import { SUBPROTOCOL } from './protocol.js'
import { decode } from './decode.js'

const WELCOME_WITHIN = 10 * 1000 // ms; a socket which opens and says nothing is worth no more

/**
 * How a connection ended.
 * @typedef {object} End
 * @property {number} code the close code; 1006: lost, also if dropped by us
 * @property {import('./error.js').ChatError|null} parting the error that went before
 */

export class Connection {
  #socket
  #timers
  #now
  #deadline
  #closed
  #ended = false
  /** @type {{error: import('./error.js').ChatError, at: number}|null} */
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

  /** Notes an error that no action asked for: if a close follows soon, this is why. @param {import('./error.js').ChatError} error */
  foretell(error) {
    this.#parting = { error, at: this.#now() }
  }

  /** Gives up with this as the reason. @param {import('./error.js').ChatError} error */
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
