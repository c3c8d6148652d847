// Questions asked a little too early wait for the connection, but not for long.
import { unconnected } from './answers.js'

const PATIENCE = 10 * 1000 // ms
const MOST_WAITING = 100

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
