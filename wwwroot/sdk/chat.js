import { DEFAULT_LIMITS } from './protocol.js'
import { Room } from './room.js'
import { measure } from './measure.js'

export class Chat extends EventTarget {
  /** @param {import('./types.js').ChatOptions} options */
  constructor(options) {
    super()
    /** @type {import('./types.js').ChatState} */
    this.state = 'stopped'
    this.retryAt = 0
    /** @type {import('./error.js').ChatError|null} */
    this.stopReason = null
    /** @type {import('./types.js').You|null} */
    this.you = null
    this.limits = DEFAULT_LIMITS
    this.server = ''
    this.remembered = ''
    /** @type {Map<string, Room>} */
    this.rooms = new Map()
  }

  start() {}
  stop() {}
  retryNow() {}
  wake() {}
  /** @param {string} name @returns {Promise<void>} */
  async rename(name) {}
  /** @param {string} name */
  join(name) {
    const room = this.rooms.get(name) ?? new Room(name)
    this.rooms.set(name, room)
    return room
  }
  /** @param {string} name */
  leave(name) { this.rooms.delete(name) }
  /** @returns {Promise<import('./types.js').RoomInfo[]>} */
  async listRooms() { return [] }
  /** @param {string} text */
  measure(text) { return measure(text, this.limits) }
}
