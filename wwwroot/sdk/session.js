// What outlives the page: the session, which is a secret, and the name.

/** @typedef {import('./types.js').TextStorage} TextStorage */

/** @returns {TextStorage} */
export const memoryStorage = () => {
  /** @type {Map<string, string>} */
  const values = new Map()
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  }
}

/** @returns {TextStorage} the browser's, or one in memory where it is refused */
const defaultStorage = () => {
  try {
    return globalThis.localStorage ?? memoryStorage()
  } catch {
    return memoryStorage()
  }
}

/** The session and the name at one server. Storage may be full or refused: then they live in memory. */
export class Session {
  #storage
  #fallback = memoryStorage()
  #origin

  /** @param {string} server @param {TextStorage} [storage] */
  constructor(server, storage = defaultStorage()) {
    this.#storage = storage
    this.#origin = new URL(server).origin
  }

  /** The token for the next hello, '' if there is none. Read anew each time: another tab may have changed it. */
  get token() { return this.#get('parley.session') }
  set token(value) { this.#set('parley.session', value) }

  get name() { return this.#get('parley.name') }
  set name(value) { this.#set('parley.name', value) }

  /** @param {string} key */
  #get(key) {
    try {
      return this.#storage.getItem(key + this.#origin) ?? this.#fallback.getItem(key) ?? ''
    } catch {
      return this.#fallback.getItem(key) ?? ''
    }
  }

  /** @param {string} key @param {string} value */
  #set(key, value) {
    try {
      this.#storage.setItem(key + this.#origin, value)
    } catch {
      this.#fallback.setItem(key, value)
    }
  }
}
