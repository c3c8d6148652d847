// Who is writing: said at most every 3 seconds, forgotten after 6.

const SAY_EVERY = 3 * 1000 // ms
const FORGET_AFTER = 6 * 1000 // ms
const MOST_TYPING = 20 // people; above, the server tells nothing either

export class Typing {
  /** @type {Map<string, string>} person's id to name */
  names = new Map()
  /** @type {Map<string, any>} */
  #timers = new Map()
  #saidAt = -Infinity
  #options

  /** @param {{say: () => boolean, changed: () => void, now: () => number, timers: import('./types.js').Timers}} options */
  constructor(options) {
    this.#options = options
  }

  /** I am writing. */
  say() {
    const { now, say } = this.#options
    if (now() - this.#saidAt >= SAY_EVERY && say()) this.#saidAt = now()
  }

  /** Somebody else is. @param {string} person @param {string} name */
  heard(person, name) {
    const { timers, changed } = this.#options
    if (person === '' || (!this.names.has(person) && this.names.size >= MOST_TYPING)) return
    timers.clearTimeout(this.#timers.get(person))
    this.#timers.set(person, timers.setTimeout(() => this.forget(person), FORGET_AFTER))
    this.names.set(person, name)
    changed()
  }

  /** @param {string} person */
  forget(person) {
    if (!this.names.delete(person)) return
    this.#options.timers.clearTimeout(this.#timers.get(person))
    this.#timers.delete(person)
    this.#options.changed()
  }

  close() {
    for (const timer of this.#timers.values()) this.#options.timers.clearTimeout(timer)
    this.#timers.clear()
    this.names.clear()
  }
}
