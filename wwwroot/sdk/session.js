// What outlives the page: the session, which is a secret, the name, what was not
// sent; and hello, the first action of a connection, which carries the first two.
/** @import { Action, Greeting, Kept, TextStorage, Wishes, You } from './types.js' */

/** A storage that never throws. Where it remembers nothing (private mode, full, forbidden) the page's own memory does, for as long as the page is open. */
class Sturdy {
  /** @type {Map<string, string>} */
  #memory = new Map()
  #storage

  /** @param {() => TextStorage} storage even to ask for it may throw */
  constructor(storage) { this.#storage = storage }

  /** @param {string} key */
  getItem(key) { return this.#memory.get(key) ?? this.#try((storage) => storage.getItem(key)) }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.#memory.set(key, value)
    this.#try((storage) => {
      storage.setItem(key, value)
      this.#memory.delete(key)
    })
  }

  /** @param {string} key */
  removeItem(key) {
    this.#memory.delete(key)
    this.#try((storage) => storage.removeItem(key))
  }

  get keys() {
    return this.#try((storage) => Array.from({ length: storage.length ?? 0 }, (_, i) => storage.key?.(i) ?? '')) ?? []
  }

  /** Whether only this page remembers it. @param {string} key */
  forgetful(key) { return this.#memory.has(key) }

  /** @template T @param {(storage: TextStorage) => T} use */
  #try(use) {
    try {
      return use(this.#storage())
    } catch {
      return null
    }
  }
}

/** What this browser remembers for us. */
export const keep = new Sturdy(() => globalThis.localStorage)

/**
 * The session and the name at one server. A page keeps the session in which it has
 * a name, over reloads too; one without a name follows the browser, which has the
 * session of whoever took a name last.
 */
export class Session {
  #all
  #tab
  #origin
  #token = ''

  /** @param {string} server @param {TextStorage} [storage] @param {TextStorage} [tab] */
  constructor(server, storage, tab) {
    this.#all = storage ? new Sturdy(() => storage) : keep
    this.#tab = new Sturdy(() => tab ?? /** @type {any} */ (storage ? null : globalThis.sessionStorage))
    this.#origin = new URL(server).origin
  }

  /** The token for the next hello, '' if there is none. */
  get token() {
    const key = 'parley.session' + this.#origin
    return this.#tab.getItem(key) || this.#all.getItem(key) || ''
  }

  /** Who wrote what is written before the first welcome: the person of that session, '' without a name. */
  get person() { return this.#tab.getItem('parley.person' + this.#origin) ?? this.#get('parley.person') }

  get name() { return this.#get('parley.name') }

  /** @param {string} session the token, '' where it is not told @param {You} you */
  welcomed(session, { id, name }) {
    this.#token = session || this.#token
    const key = 'parley.session' + this.#origin
    if (this.#token) this.#all.setItem(key, this.#token)
    if (!name) return
    this.#all.setItem('parley.name' + this.#origin, name)
    this.#all.setItem('parley.person' + this.#origin, id)
    this.#tab.setItem('parley.person' + this.#origin, id)
    if (this.#token) this.#tab.setItem(key, this.#token)
  }

  /** The session has ended; another that this browser has stays. */
  forget() {
    const { token } = this
    for (const storage of [this.#tab, this.#all]) {
      if (storage.getItem('parley.session' + this.#origin) !== token) continue
      for (const key of ['session', 'name', 'person']) storage.removeItem(`parley.${key}${this.#origin}`)
    }
    this.#token = ''
  }

  /** @param {string} key */
  #get(key) { return this.#all.getItem(key + this.#origin) ?? '' }
}

/**
 * What was not sent, kept for the next page: a key for each page and room, so that
 * no page writes where another does. A page that lives holds the lock of its name.
 */
export class Unsent {
  #storage
  #prefix
  #page
  #locks
  #release = () => {}
  /** @type {Set<string>} */
  #kept = new Set()

  /** @param {string} server @param {TextStorage|undefined} storage @param {LockManager|undefined} locks @param {string} page a name that no other page has, without spaces */
  constructor(server, storage, locks, page) {
    this.#storage = storage ? new Sturdy(() => storage) : keep
    this.#prefix = `parley.unsent${new URL(server).origin} `
    this.#page = page
    this.#locks = locks
  }

  /** From now on others leave what is ours alone. */
  hold() {
    this.#locks?.request(this.#prefix + this.#page, () => new Promise((done) => { this.#release = () => done(null) })).catch(() => {})
  }

  release() { this.#release() }

  /** @param {string} room @param {Kept[]} items */
  keep(room, items) {
    const key = `${this.#prefix}${this.#page} ${room}`
    const text = items.length > 0 ? JSON.stringify(items) : null
    if (text === this.#storage.getItem(key)) return
    this.#kept.add(key)
    if (text) this.#storage.setItem(key, text)
    else this.#storage.removeItem(key)
  }

  /** Whether something would be lost with this page. */
  get forgetful() { return [...this.#kept].some((key) => this.#storage.forgetful(key)) }

  /** Takes over what pages left behind that are no more. @param {(room: string, items: Kept[]) => void} take has kept it when it returns */
  async adopt(take) {
    for (const key of this.#storage.keys) {
      const [, page, room] = (key.startsWith(this.#prefix) && /^(\S+) (.+)$/s.exec(key.slice(this.#prefix.length))) || []
      if (!page || page === this.#page) continue
      const move = (/** @type {unknown} */ free) => {
        if (!free) return
        take(room, read(this.#storage.getItem(key)))
        this.#storage.removeItem(key)
      }
      if (this.#locks) await this.#locks.request(this.#prefix + page, { ifAvailable: true }, move).catch(() => {})
      else move(true)
    }
  }
}

/** @param {string|null} text @returns {Kept[]} */
const read = (text) => {
  try {
    return JSON.parse(text ?? '[]').filter((/** @type {Kept} */ { id, text }) => typeof id === 'string' && typeof text === 'string')
  } catch {
    return [] // nobody knows what that was
  }
}

/** @type {Wishes} */
export const ALL = { name: true, rooms: true, link: true }

/** @param {Greeting} have @param {Wishes} wishes @returns {Action} */
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
  if (code === 'name_taken' || code === 'bad_name' || code === 'name_reserved') return wishes.name ? { ...wishes, name: false } : null
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
