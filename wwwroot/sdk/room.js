/** One room as this client sees it. Made by Chat.join. */
export class Room extends EventTarget {
  /** @param {string} name */
  constructor(name) {
    super()
    this.name = name
    this.epoch = ''
    this.floor = 0
    this.head = 0
    this.count = 0
    /** @type {Map<string, import('./types.js').Person>} */
    this.people = new Map()
    /** @type {import('./types.js').Message[]} */
    this.messages = []
    /** @type {import('./types.js').Pending[]} */
    this.pending = []
    /** @type {Map<string, string>} person's id to name */
    this.typing = new Map()
    this.atStart = false
    this.joined = false
  }

  /** @param {string} text @returns {import('./types.js').Pending} */
  send(text) { return { id: '', text, at: 0, state: 'queued' } }
  /** @param {string} id */
  retry(id) {}
  /** @param {string} id */
  discard(id) {}
  typingNow() {}
  /** @returns {Promise<number>} */
  async loadOlder() { return 0 }
  /** @param {number} max */
  trim(max) {}
}
