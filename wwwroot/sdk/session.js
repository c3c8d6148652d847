// What outlives the page: the session, which is a secret, and the name; and hello,
// the first action of a connection, which carries both.
/** @import { Action, Position, TextStorage } from './types.js' */

/**
 * A storage that never throws. Where it remembers nothing (private mode, full,
 * forbidden) the page's own memory does, for as long as the page is open.
 * @param {() => TextStorage} storage even to ask for it may throw
 * @returns {TextStorage}
 */
const sturdy = (storage) => {
  /** @type {Map<string, string>} */
  const memory = new Map()
  return {
    getItem(key) {
      try {
        return memory.get(key) ?? storage().getItem(key)
      } catch {
        return null
      }
    },
    setItem(key, value) {
      memory.set(key, value)
      try {
        storage().setItem(key, value)
        memory.delete(key)
      } catch {} // memory has it
    },
    removeItem(key) {
      memory.delete(key)
      try {
        storage().removeItem(key)
      } catch {} // it was not there
    },
  }
}

/** What this browser remembers for us. */
export const keep = sturdy(() => globalThis.localStorage)

/** The session and the name at one server. */
export class Session {
  #storage
  #origin
  #token = ''

  /** @param {string} server @param {TextStorage} [storage] */
  constructor(server, storage) {
    this.#storage = storage ? sturdy(() => storage) : keep
    this.#origin = new URL(server).origin
  }

  /** The token for the next hello, '' if there is none. Once known it stays: another tab may be somebody else. */
  get token() { return (this.#token ||= this.#get('parley.session')) }
  set token(value) { this.#set('parley.session', (this.#token = value)) }

  get name() { return this.#get('parley.name') }
  set name(value) { this.#set('parley.name', value) }

  /** @param {string} key */
  #get(key) { return this.#storage.getItem(key + this.#origin) ?? '' }
  /** @param {string} key @param {string} value */
  #set(key, value) { this.#storage.setItem(key + this.#origin, value) }
}

/**
 * What a hello may carry.
 * @typedef {{name: boolean, rooms: boolean, link: boolean}} Wishes
 */

/** @type {Wishes} */
export const ALL = { name: true, rooms: true, link: true }

/**
 * @param {object} have
 * @param {string} have.id
 * @param {string} have.session
 * @param {string} have.name
 * @param {string} have.link
 * @param {Position[]} have.rooms
 * @param {Wishes} wishes
 * @returns {Action}
 */
export const hello = ({ id, session, name, link, rooms }, wishes) => ({
  type: 'hello',
  id,
  ...(wishes.name && name !== '' && { name }),
  ...(session !== '' && { session }),
  ...(wishes.link && link !== '' && { link }),
  ...(wishes.rooms && rooms.length > 0 && { rooms }),
})

/**
 * What to wish for after a refusal. A name that is taken must not keep anybody
 * from reading, nor one bad room from the others, which are joined one by one then.
 * @param {Wishes} wishes
 * @param {string} code of the error
 * @returns {Wishes|null} null: there is nothing to give up
 */
export const concede = (wishes, code) => {
  if (code === 'name_taken' || code === 'bad_name') return wishes.name ? { ...wishes, name: false } : null
  if (code === 'bad_room' || code === 'too_many_rooms') return wishes.rooms ? { ...wishes, rooms: false } : null
  if (code === 'bad_field') return wishes.name || wishes.rooms || wishes.link ? { name: false, rooms: false, link: false } : null
  return null
}

/** Makes ids of actions: random for each tab, then counted. @param {() => number} random @returns {() => string} */
export const ids = (random) => {
  const tab = Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join('')
  let count = 0
  return () => `${tab}-${++count}`
}
