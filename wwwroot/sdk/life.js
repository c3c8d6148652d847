// A chat's life: it connects, is online, waits and connects again, until it is
// stopped by us or told to stay away. One connection at a time.
import { ChatError, FINAL_CLOSES } from './protocol.js'
import { Connection } from './connection.js'

const LONGEST_WAIT = 24 * 60 * 60 * 1000 // ms, whatever an error says
const LEAST_WAIT = 100 // ms, so that a server which says 1 isn't asked a thousand times a second
const ASLEEP = 6 * 60 * 1000 // ms of silence, two keep-alives missed: this device slept, the socket is dead

const LEAST = 500 // ms between two tries
const MOST = 30 * 1000 // ms
const STABLE = 60 * 1000 // ms online after which the tries are counted anew

/** @typedef {import('./connection.js').End} End */

export class Life {
  /** @type {import('./types.js').ChatState} */
  state = 'stopped'
  retryAt = 0
  /** @type {ChatError|null} */
  stopReason = null
  /** @type {Connection|null} */
  connection = null
  /** @type {any} */
  #timer = null
  #backoff
  #options

  /**
   * @param {object} options
   * @param {any} options.WebSocket
   * @param {string} options.server
   * @param {() => number} options.now
   * @param {() => number} options.random
   * @param {import('./types.js').Timers} options.timers
   * @param {() => boolean} options.onLine
   * @param {() => void} options.opened
   * @param {(event: import('./types.js').ServerEvent) => void} options.event
   * @param {(end: End, innocent: boolean) => void} options.lost innocent: the cause is known, and it is not what was sent
   * @param {() => void} options.changed the state did
   */
  constructor(options) {
    this.#options = options
    this.#backoff = new Backoff(options.random)
  }

  /** Connects at once, unless it is connected or about to be. */
  connect() {
    if (this.connection) return
    const { WebSocket, server, now, timers, opened, event } = this.#options
    timers.clearTimeout(this.#timer)
    this.stopReason = null
    try {
      this.connection = new Connection({
        WebSocket, server, now, timers, opened, event, closed: (end) => this.#closed(end),
      })
      this.#be('connecting')
    } catch {
      this.#wait(this.#backoff.next())
    }
  }

  /** The server took us in. */
  welcomed() {
    this.connection?.welcomed()
    this.#be('online')
  }

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

  /** @param {End} end */
  #closed(end) {
    const { now, onLine, lost } = this.#options
    const { connection } = this
    this.connection = null
    const online = connection && connection.welcomedAt > 0
    if (connection && online) this.#backoff.ended(now() - connection.welcomedAt)
    const stopped = this.state === 'stopped'
    const told = end.parting?.after ?? 0
    lost(end, stopped || told > 0 || !onLine())
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
    const { now, timers, onLine } = this.#options
    this.#timer = timers.setTimeout(() => this.connect(), ms)
    // Without a network too it is tried: the server may be on this very machine.
    if (onLine()) this.#be('waiting', now() + ms)
    else this.#be('offline')
  }

  /** @param {import('./types.js').ChatState} state @param {number} retryAt */
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
