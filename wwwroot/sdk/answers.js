// Promises for answers: an action carries an id, its answer or error brings it back.
// A question asked a little too early waits for the connection, but not for long.
import { ChatError } from './protocol.js'

/** @import { Action, CatchUpOptions, ChatState, EntranceOptions, ServerEvent, Timers } from './types.js' */

const ANSWER_WITHIN = 10 * 1000 // ms
const AGAIN_AFTER = 2 * 1000 // ms; where questions bring nothing it doubles each time
const PATIENCE = 10 * 1000 // ms until there is a connection
const MOST_WAITING = 100 // answers, and as many questions

export class Answers {
  /** @type {Map<string, {action: Action, resolve: (event: any) => void, reject: (error: ChatError) => void, timer: any, again: boolean}>} */
  #waiting = new Map()
  #timers
  #send

  /** @param {Timers} timers @param {(action: Action) => boolean} send */
  constructor(timers, send) {
    this.#timers = timers
    this.#send = send
  }

  /**
   * Sends an action that has an id. Rejects with the server's error, or with
   * 'unconnected', 'unanswered' or 'busy' of our own, which are all worth a retry.
   * @param {Action & {id: string}} action
   * @returns {Promise<ServerEvent>}
   */
  ask(action) {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= MOST_WAITING) {
        reject(new ChatError('busy', 'Too much is going on. Try again in a moment.', { retry: true }))
      } else if (!this.#send(action)) {
        reject(unconnected())
      } else {
        const timer = this.#timers.setTimeout(() => this.reject(action.id, unanswered()), ANSWER_WITHIN)
        this.#waiting.set(action.id, { action, resolve, reject, timer, again: false })
      }
    })
  }

  /** @param {string} id @param {ServerEvent} event @returns {boolean} whether somebody waited for it */
  resolve(id, event) {
    const waiting = this.#take(id)
    waiting?.resolve(event)
    return waiting !== undefined
  }

  /** @param {string} id @param {ChatError} error @returns {boolean} whether somebody waited for it */
  reject(id, error) {
    const waiting = this.#take(id)
    waiting?.reject(error)
    return waiting !== undefined
  }

  /** Some action failed, nobody knows which: all that wait are sent again once. None does harm twice. */
  again() {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.again) continue
      waiting.again = true
      this.#timers.setTimeout(() => this.#waiting.get(id) === waiting && this.#send(waiting.action), AGAIN_AFTER)
    }
  }

  /** The connection is gone, and the answers with it. */
  lost() {
    for (const id of [...this.#waiting.keys()]) this.reject(id, unconnected())
  }

  /** @param {string} id */
  #take(id) {
    const waiting = this.#waiting.get(id)
    if (waiting) this.#timers.clearTimeout(waiting.timer)
    this.#waiting.delete(id)
    return waiting
  }
}

const unanswered = () => new ChatError('unanswered', 'The server did not answer. Try again.', { retry: true })

export const unconnected = () =>
  new ChatError('unconnected', 'There is no connection right now. Try again in a moment.', { retry: true })

export class Readiness {
  /** @type {Set<() => void>} */
  #waiting = new Set()
  #state
  #timers

  /** @param {() => ChatState} state @param {Timers} timers */
  constructor(state, timers) {
    this.#state = state
    this.#timers = timers
  }

  /** Resolves when online; rejects when that takes too long, or cannot be hoped for. @returns {Promise<void>} */
  online() {
    if (this.#state() === 'online') return Promise.resolve()
    if (this.#state() === 'stopped' || this.#waiting.size >= MOST_WAITING) return Promise.reject(unconnected())
    return new Promise((resolve, reject) => {
      const end = (/** @type {() => void} */ settle) => {
        this.#timers.clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const look = () => {
        if (this.#state() === 'online') end(resolve)
        else if (this.#state() === 'stopped' || this.#state() === 'offline') end(() => reject(unconnected()))
      }
      const timer = this.#timers.setTimeout(() => end(() => reject(unconnected())), PATIENCE)
      this.#waiting.add(look)
    })
  }

  /** The state changed. */
  look() {
    for (const look of [...this.#waiting]) look()
  }
}

// How a client comes to be in a room, and to have all of it: the welcome promises a
// joined, or join asks for it, again if need be. Entries that have not come are
// waited for, since frames may arrive out of order, then asked for.

const JOINED_WITHIN = 10 * 1000 // ms after the welcome that promised it
const AGAIN_MOST = 30 * 1000 // ms
const WAIT = 300 // ms for a gap to close by itself, and up to as much again

export class Entrance {
  open = false // joined on this connection
  #awaited = false // a joined is
  /** @type {any} */
  #timer = null
  #options

  /** @param {EntranceOptions} options */
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

  /** @param {CatchUpOptions} options */
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
