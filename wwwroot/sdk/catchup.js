// Entries that are known to exist and have not come: a gap is waited for, since
// frames may arrive out of order, then asked for.

const WAIT = 300 // ms for a gap to close by itself, and up to as much again
const AGAIN_AFTER = 2 * 1000 // ms after a question that brought nothing, doubled each time
const AGAIN_MOST = 30 * 1000 // ms

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
