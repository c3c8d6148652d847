// How a client comes to be in a room on each connection, and to have all of it:
// the welcome promises a joined, or join asks for it, again if need be. Entries
// that are known to exist and have not come are waited for, since frames may arrive
// out of order, then asked for.
import { ChatError } from './protocol.js'

const JOINED_WITHIN = 10 * 1000 // ms after the welcome that promised it
const AGAIN_AFTER = 2 * 1000 // ms; after questions for entries that brought nothing doubled each time
const AGAIN_MOST = 30 * 1000 // ms
const WAIT = 300 // ms for a gap to close by itself, and up to as much again

export class Entrance {
  open = false // joined on this connection
  #awaited = false // a joined is
  /** @type {any} */
  #timer = null
  #options

  /**
   * @param {object} options
   * @param {() => Promise<unknown>} options.ask sends join
   * @param {(error: ChatError) => void} options.complain it is no use to ask again
   * @param {() => void} options.leaving the room is entered anew: what was going on in it is over
   * @param {import('./types.js').Timers} options.timers
   */
  constructor(options) {
    this.#options = options
  }

  /** A joined follows without being asked for. */
  promised() {
    this.#awaited = true
    this.#later(JOINED_WITHIN)
  }

  async enter() {
    const { timers, ask, complain, leaving } = this.#options
    timers.clearTimeout(this.#timer)
    this.#awaited = true
    this.open = false
    leaving()
    try {
      await ask()
    } catch (e) {
      const error = /** @type {ChatError} */ (e)
      if (!this.#awaited || error.code === 'unconnected') return
      if (error.retry) this.#later(error.after || AGAIN_AFTER)
      else complain(error)
    }
  }

  /** A joined came. @returns {boolean} whether it was awaited; if not, it is a repeat */
  entered() {
    if (!this.#awaited) return false
    this.#awaited = false
    this.open = true
    this.#options.timers.clearTimeout(this.#timer)
    return true
  }

  /** The connection is gone. */
  lost() {
    this.#options.timers.clearTimeout(this.#timer)
    this.open = this.#awaited = false
  }

  /** @param {number} ms */
  #later(ms) {
    this.#options.timers.clearTimeout(this.#timer)
    this.#timer = this.#options.timers.setTimeout(() => this.enter(), ms)
  }
}

export class CatchUp {
  /** @type {any} */
  #timer = null
  #asking = false
  #vain = 0 // questions in a row that brought nothing
  #round = 0
  #options

  /**
   * @param {object} options
   * @param {() => boolean} options.behind
   * @param {() => Promise<boolean>} options.ask for the next page and take it; resolves to whether it brought anything, does not reject
   * @param {() => number} options.random
   * @param {import('./types.js').Timers} options.timers
   */
  constructor(options) {
    this.#options = options
  }

  /** Looks whether something is missing; call it after each change. */
  look() {
    const { behind, random } = this.#options
    if (!behind()) {
      this.#options.timers.clearTimeout(this.#timer)
      this.#timer = null
      this.#vain = 0
    } else if (this.#timer === null && !this.#asking) this.#later(WAIT + random() * WAIT)
  }

  /** Asks until nothing is missing. */
  async now() {
    const { behind, ask, timers } = this.#options
    timers.clearTimeout(this.#timer)
    this.#timer = null
    if (this.#asking) return
    const round = this.#round
    this.#asking = true
    while (behind()) {
      const brought = await ask()
      if (round !== this.#round) return
      this.#vain = brought ? 0 : this.#vain + 1
      if (!brought) break
    }
    this.#asking = false
    if (behind()) this.#later(Math.min(AGAIN_MOST, AGAIN_AFTER * 2 ** (this.#vain - 1)))
  }

  /** The connection is gone: the next joined tells what is missing. */
  stop() {
    this.#options.timers.clearTimeout(this.#timer)
    this.#timer = null
    this.#asking = false
    this.#vain = 0
    this.#round++
  }

  /** @param {number} ms */
  #later(ms) {
    this.#timer = this.#options.timers.setTimeout(() => this.now(), ms)
  }
}
