// Promises for answers: an action carries an id, its answer or error brings it back.
// A question asked a little too early waits for the connection, but not for long.
import { ChatError } from './protocol.js'

const ANSWER_WITHIN = 10 * 1000 // ms
const AGAIN_AFTER = 2 * 1000 // ms, where API Gateway said that the function failed
const PATIENCE = 10 * 1000 // ms until there is a connection
const MOST_WAITING = 100 // answers, and as many questions

export class Answers {
  /** @type {Map<string, {action: import('./types.js').Action, resolve: (event: any) => void, reject: (error: ChatError) => void, timer: any, again: boolean}>} */
  #waiting = new Map()
  #timers
  #send

  /** @param {import('./types.js').Timers} timers @param {(action: import('./types.js').Action) => boolean} send */
  constructor(timers, send) {
    this.#timers = timers
    this.#send = send
  }

  /**
   * Sends an action that has an id. Rejects with the server's error, or with
   * 'unconnected', 'unanswered' or 'busy' of our own, which are all worth a retry.
   * @param {import('./types.js').Action & {id: string}} action
   * @returns {Promise<import('./types.js').ServerEvent>}
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

  /** @param {string} id @param {import('./types.js').ServerEvent} event @returns {boolean} whether somebody waited for it */
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

  /** @param {() => import('./types.js').ChatState} state @param {import('./types.js').Timers} timers */
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
