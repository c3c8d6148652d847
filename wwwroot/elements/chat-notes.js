import { bdi, node } from './node.js'
/** @import { Chat } from '../sdk/chat.js' */
/** @import { Room } from '../sdk/room.js' */

/**
 * What is to be told.
 * @typedef {{text: string, until?: number, action?: string, run?: () => void, now?: boolean}} Trouble
 * until: ms since 1970 to count down to; now: it is told at once
 */

const BLINK = 2000 // ms; what is over sooner is not told
const SECOND = 1000 // ms

/** One line about the connection, and only while there is something to tell. */
export class ChatStatus extends HTMLElement {
  /** @type {Chat | null} */ #chat = null
  /** @type {Trouble | null} */ #before = null // the chat: the page has trouble of its own
  #left = new AbortController()
  #since = 0
  #timer = 0
  #told = ''
  #newer = false
  #countdown = node('span', { 'aria-hidden': 'true' })

  connectedCallback() { this.#timer = window.setInterval(this.#draw, SECOND / 4) }

  disconnectedCallback() {
    clearInterval(this.#timer)
    this.#left.abort()
  }

  /** @param {Chat | null} chat */
  set chat(chat) {
    this.#left.abort()
    this.#left = new AbortController()
    this.#chat = chat
    const { signal } = this.#left
    chat?.addEventListener('state', this.#draw, { signal })
    chat?.addEventListener('version', () => { this.#newer = true }, { signal })
    this.#draw()
  }

  /** What keeps the chat from starting at all. @param {Trouble | null} trouble */
  set trouble(trouble) {
    this.#before = trouble
    this.#draw()
  }

  #draw = () => {
    const trouble = this.#before ?? (this.#chat && troubleOf(this.#chat)) ?? (this.#newer ? newer : null)
    const now = Date.now()
    this.#since = trouble ? this.#since || now : 0
    const shown = trouble && (trouble.now || now - this.#since >= BLINK) ? trouble : null
    const left = Math.max(0, Math.ceil(((shown?.until ?? 0) - now) / SECOND))
    this.#countdown.textContent = left ? ` in ${left} s` : ''
    const telling = shown ? shown.text + shown.action : ''
    if (telling === this.#told) return
    this.#told = telling
    this.replaceChildren(...shown ? line(shown, this.#countdown) : [])
  }
}

/** @param {Trouble} shown @param {Node} countdown */
const line = ({ text, action, run }, countdown) => [
  node('span', {}, text, countdown),
  ...action && run ? [node('button', { type: 'button', class: 'quiet', onclick: run }, action)] : [],
]

/** @type {Trouble} */
const newer = { text: 'There is a newer version of this page.', action: 'Reload', run: () => location.reload(), now: true }

/** @param {Chat} chat @returns {Trouble | null} */
export function troubleOf(chat) {
  const again = { action: 'Retry now', run: () => chat.retryNow() }
  switch (chat.state) {
    case 'connecting': return { text: 'Connecting …' }
    case 'waiting': return { text: 'Reconnecting', until: chat.retryAt, ...again }
    case 'offline': return { text: 'You are offline. What you write will be sent later.' }
    case 'stopped': return { text: chat.stopReason?.message ?? 'Not connected.', now: chat.stopReason !== null, ...again, action: 'Connect again' }
    default: return null
  }
}

customElements.define('chat-status', ChatStatus)

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
