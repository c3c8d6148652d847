// Who is in a room, as far as the server tells (up to 50 each one's coming and going,
// above that only the count), in which colour, and who is writing.
/** @import { Joined, Person, Presence, Renamed, Timers } from './types.js' */

const MOST_PEOPLE = 200 // listed; joined tells at most 100
const SAY_EVERY = 3 * 1000 // ms
const FORGET_AFTER = 6 * 1000 // ms
const MOST_TYPING = 20 // people; above, the server tells nothing either

export class People {
  /** @type {Map<string, Person>} */
  byId = new Map()
  count = 0

  /** @param {Joined} event */
  joined({ people, count }) {
    this.byId = new Map(people.slice(0, MOST_PEOPLE).map((person) => [person.id, person]))
    this.count = count
  }

  /** @param {Presence} event */
  changed({ joined, left, count }) {
    for (const { id } of left) this.byId.delete(id)
    for (const person of joined) if (this.byId.size < MOST_PEOPLE) this.byId.set(person.id, person)
    this.count = count
  }

  /** @param {Renamed} event @returns {boolean} whether it is somebody listed */
  renamed({ person, to }) {
    const before = this.byId.get(person)
    if (before) this.byId.set(person, { ...before, name: to })
    return before !== undefined
  }
}

/** Who is writing: said at most every 3 seconds, forgotten after 6. */
export class Typing {
  /** @type {Map<string, string>} person's id to name */
  names = new Map()
  /** @type {Map<string, any>} */
  #timers = new Map()
  #saidAt = -Infinity
  #options

  /** @param {{say: () => boolean, changed: () => void, now: () => number, timers: Timers}} options */
  constructor(options) {
    this.#options = options
  }

  /** I am writing. */
  say() {
    const { now, say } = this.#options
    if (now() - this.#saidAt >= SAY_EVERY && say()) this.#saidAt = now()
  }

  /** What I was writing is sent: the next word is news again. */
  said() { this.#saidAt = -Infinity }

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

/**
 * A person's colour, from the id alone: a hue in degrees, 0 to 359, by FNV-1a of
 * 32 bits over the UTF-8 bytes, modulo 360, as protocol/hue.go does it.
 * @param {string} personId
 */
export const hue = (personId) => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(personId)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % 360
}
