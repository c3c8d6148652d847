import { bdi } from './node.js'

/** @typedef {import('../sdk/room.js').Room} Room */

const NAMED = 2 // people who type before it says "several"

/** Who is writing in the room. Seen, not read out. */
export class ChatTyping extends HTMLElement {
  /** @type {Room | null} */ #room = null
  #left = new AbortController()

  disconnectedCallback() { this.room = null }

  /** @param {Room | null} room */
  set room(room) {
    if (room === this.#room) return
    this.#left.abort()
    this.#left = new AbortController()
    this.#room = room
    room?.addEventListener('typing', this.#draw, { signal: this.#left.signal })
    this.#draw()
  }

  #draw = () => {
    const names = [...this.#room?.typing.values() ?? []]
    if (names.length === 0) return this.replaceChildren()
    if (names.length > NAMED) return this.replaceChildren('Several people are writing …')
    const [first, second] = names.map(bdi)
    if (second) this.replaceChildren(first, ' and ', second, ' are writing …')
    else this.replaceChildren(first, ' is writing …')
  }
}

customElements.define('chat-typing', ChatTyping)
