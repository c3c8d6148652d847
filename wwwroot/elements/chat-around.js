import { bdi, copyButton, disc, linkTo, node, pathOf, roomNamed } from './node.js'
/** @import { Chat } from '../sdk/chat.js' */
/** @import { Room } from '../sdk/room.js' */
/** @import { MessagesDetail } from '../sdk/types.js' */

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

/** @typedef {{name: string, unread: number, current: boolean}} RoomEntry */

/** The rooms one can go to; sends 'enter' with the name of the one chosen. */
export class ChatRooms extends HTMLElement {
  #list = node('ul', { role: 'list', hidden: true, onclick: event => this.#clicked(event) })
  #field = node('input', { type: 'text', 'aria-label': 'Open a room', placeholder: 'Open a room …', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', enterkeyhint: 'go' })
  #trouble = node('p', { class: 'trouble', role: 'alert' })
  #form = node('form', { onsubmit: event => this.#opened(event) }, this.#field, this.#trouble)
  #drawn = ''

  connectedCallback() {
    this.replaceChildren(node('nav', { 'aria-label': 'Rooms' }, node('h2', {}, 'Rooms'), this.#list, this.#form))
  }

  /** @param {RoomEntry[]} rooms in the order to show them */
  set rooms(rooms) {
    const drawn = JSON.stringify(rooms)
    if (drawn === this.#drawn) return // keeps the focus where it is
    this.#drawn = drawn
    const focused = /** @type {HTMLElement | null} */ (this.#list.querySelector(':focus'))?.dataset.room
    this.#list.hidden = rooms.length === 0
    this.#list.replaceChildren(...rooms.map(room => node('li', {}, entry(room))))
    if (focused !== undefined) for (const link of this.#list.querySelectorAll('a')) if (link.dataset.room === focused) link.focus()
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = /** @type {Element} */ (event.target).closest('a')
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return // a new tab is the browser's
    event.preventDefault()
    this.#enter(link.dataset.room ?? '')
  }

  /** @param {SubmitEvent} event */
  #opened(event) {
    event.preventDefault()
    const name = roomNamed(this.#field.value)
    this.#trouble.textContent = name || !this.#field.value.trim() ? '' : 'A room\u2019s name has at most 64 characters and no slash.'
    if (!name) return
    this.#field.value = ''
    this.#enter(name)
  }

  /** @param {string} room */
  #enter(room) { this.dispatchEvent(new CustomEvent('enter', { bubbles: true, detail: room })) }
}

/** @param {RoomEntry} room */
const entry = ({ name, unread, current }) => node('a', { class: 'row', href: pathOf(name), 'data-room': name, 'aria-current': current && 'page' },
  node('span', { class: 'who' }, bdi(name)),
  unread > 0 && node('span', { class: 'count' }, String(unread), node('span', { class: 'visually-hidden' }, ' unread')))

customElements.define('chat-rooms', ChatRooms)

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
      const { kind, items } = /** @type {CustomEvent<MessagesDetail>} */ (event).detail
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

/** Who is in the room: me first, then the others by name. */
export class ChatPeople extends HTMLElement {
  /** @type {Chat | null} */ chat = null
  /** @type {Room | null} */ #room = null
  #left = new AbortController()
  #list = node('ul', { role: 'list', 'aria-label': 'People', hidden: true })
  #more = node('p', { class: 'faint' })
  #invite = copyButton('Copy invite link', () => linkTo(this.#room?.name ?? ''))

  connectedCallback() {
    this.replaceChildren(node('aside', { 'aria-label': 'People here' },
      node('h2', {}, 'People'), this.#list, this.#more, this.#invite))
    this.#invite.hidden = !this.#room
  }

  disconnectedCallback() { this.room = null }

  /** @param {Room | null} room */
  set room(room) {
    if (room === this.#room) return
    this.#left.abort()
    this.#left = new AbortController()
    this.#room = room
    this.#invite.hidden = !room
    if (!room) return
    const { signal } = this.#left
    room.addEventListener('people', this.#draw, { signal })
    room.addEventListener('joined', this.#draw, { signal })
    this.chat?.addEventListener('you', this.#draw, { signal })
    this.#draw()
  }

  #draw = () => {
    const room = this.#room
    if (!room) return
    const you = this.chat?.you?.id
    const people = [...room.people.values()].sort((a, b) =>
      Number(b.id === you) - Number(a.id === you) || a.name.localeCompare(b.name, undefined, { numeric: true }))
    this.#list.replaceChildren(...people.map(({ id, name }) => this.#person(id, name, id === you)))
    this.#list.hidden = people.length === 0
    this.#more.textContent = !room.joined ? '' : sentence(people.length, room.count, people.some(({ id }) => id === you))
  }

  /** @param {string} id @param {string} name @param {boolean} mine */
  #person(id, name, mine) {
    const who = [disc(id, name, mine), node('span', { class: 'who' }, bdi(name), mine && node('span', { class: 'faint' }, ' (you)'))]
    if (!mine) return node('li', { 'data-person': id }, ...who)
    const rename = () => this.dispatchEvent(new CustomEvent('rename', { bubbles: true }))
    return node('li', {}, node('button', { type: 'button', class: 'row', title: 'Change name', onclick: rename },
      ...who, node('span', { class: 'visually-hidden' }, ' Change name')))
  }
}

/** @param {number} shown @param {number} count @param {boolean} among whether I am one of them */
function sentence(shown, count, among) {
  if (count > shown) return shown ? `and ${count - shown} more` : `${count} here`
  if (shown === 0) return 'Nobody is here yet.'
  return shown === 1 && among ? 'Only you are here.' : ''
}

customElements.define('chat-people', ChatPeople)
