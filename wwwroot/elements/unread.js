/** @typedef {import('../sdk/room.js').Room} Room */

/** Counts what others said in rooms that nobody looked at; sends 'change'. */
export class Unread extends EventTarget {
  /** @type {Map<string, number>} */
  #counts = new Map()
  /** @type {Set<Room>} */
  #watched = new Set()
  #looking = ''

  /**
   * @param {Room} room
   * @param {() => string} you the id of the one who looks
   * @param {AbortSignal} signal ends it
   */
  watch(room, you, signal) {
    if (this.#watched.has(room)) return
    this.#watched.add(room)
    room.addEventListener('messages', event => {
      const { kind, items } = /** @type {CustomEvent<import('../sdk/types.js').MessagesDetail>} */ (event).detail
      if (kind !== 'append' || room.name === this.#looking) return
      const others = items.filter(({ person }) => person !== you()).length
      if (others) this.#set(room.name, this.of(room.name) + others)
    }, { signal })
  }

  /** @param {string} room the one in view, '' if none is */
  look(room) {
    this.#looking = room
    if (this.of(room)) this.#set(room, 0)
  }

  /** @param {string} room */
  of(room) { return this.#counts.get(room) ?? 0 }

  get total() { return [...this.#counts.values()].reduce((sum, count) => sum + count, 0) }

  /** @param {string} room @param {number} count */
  #set(room, count) {
    this.#counts.set(room, count)
    this.dispatchEvent(new Event('change'))
  }
}
