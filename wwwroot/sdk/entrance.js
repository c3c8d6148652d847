// How a client comes to be in a room on each connection: the welcome promises a
// joined, or join asks for it, again if need be.
import { ChatError } from './error.js'

const JOINED_WITHIN = 10 * 1000 // ms after the welcome that promised it
const AGAIN_AFTER = 2 * 1000 // ms

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
