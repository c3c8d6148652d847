import { Unread } from './chat-around.js'
import './chat-composer.js'
import './chat-messages.js'
import { icon, node, part } from './node.js'
import { keep } from '../sdk/session.js'

/** @import { Chat } from '../sdk/chat.js' */
/** @import { Room } from '../sdk/room.js' */
/** @import { Moderated } from '../sdk/types.js' */
/** @import { Trouble } from './chat-around.js' */
/** @import { ChatComposer } from './chat-composer.js' */
/** @import { ChatMessages } from './chat-messages.js' */

/** @typedef {'rooms' | 'people'} Side */

const ROOMS_EVERY = 60 * 1000 // ms between looks at which rooms there are

/** Where a side has a place of its own; elsewhere it is a sheet. As in app.css. */
const wide = { rooms: matchMedia('(min-width: 48rem)'), people: matchMedia('(min-width: 64rem)') }

/** Lays out the parts, and tells each which chat and which room it is about. */
export class ChatApp extends HTMLElement {
  /** @type {Chat | null} */ #chat = null
  /** @type {Room | null} */ #room = null
  #gone = new AbortController()
  #roomGone = new AbortController()
  #unread = new Unread()
  /** @type {string[]} */ #listed = []
  /** @type {HTMLDialogElement | null} */ #sheet = null
  #timer = 0
  /** @type {Promise<unknown> | null} */ #keeper = null

  connectedCallback() {
    this.#gone = new AbortController()
    const { signal } = this.#gone
    for (const side of /** @type {Side[]} */ (['rooms', 'people'])) {
      const button = this.#button(side)
      button.append(icon(side), node('span', { class: 'number' }))
      button.addEventListener('click', () => this.#toggle(side), { signal })
      wide[side].addEventListener('change', () => this.#drawSides(), { signal })
      if (keep.getItem(`parley.${side}`) === 'closed') this.dataset[side] = 'closed'
    }
    const help = part(this, '[data-help]')
    help.append(icon('help'))
    help.addEventListener('click', openHelp, { signal })
    this.addEventListener('enter', () => this.#sheet?.close(), { signal })
    this.addEventListener('edit', event => this.#composer.edit(/** @type {CustomEvent<number>} */ (event).detail), { signal })
    this.addEventListener('rename', () => this.#rename(), { signal })
    this.#unread.addEventListener('change', () => this.#drawRooms(), { signal })
    document.addEventListener('keydown', this.#pressed, { signal })
    document.addEventListener('visibilitychange', () => this.#look(), { signal })
    this.#drawSides()
  }

  disconnectedCallback() {
    this.#gone.abort()
    this.#roomGone.abort()
    clearInterval(this.#timer)
  }

  /** What keeps the chat from starting. @param {Trouble | null} trouble */
  set trouble(trouble) { Object.assign(part(this, 'chat-status'), { trouble }) }

  /** @param {Chat} chat */
  set chat(chat) {
    this.#chat = chat
    const { signal } = this.#gone
    for (const name of /** @type {const} */ (['chat-messages', 'chat-people', 'chat-composer', 'chat-status'])) {
      Object.assign(part(this, name), { chat })
    }
    chat.addEventListener('state', () => { if (chat.state === 'online') this.#list() }, { signal })
    chat.addEventListener('you', () => { if ((chat.you?.role ?? 'guest') !== 'guest') this.#keeper ??= this.#keep(chat) }, { signal })
    chat.addEventListener('moderated', async event => {
      const { tell } = await import('./notices.js')
      tell(chat, /** @type {CustomEvent<Moderated>} */ (event).detail, this.#room?.name ?? '')
    }, { signal })
    clearInterval(this.#timer)
    this.#timer = window.setInterval(() => { if (!document.hidden && chat.state === 'online') this.#list() }, ROOMS_EVERY)
  }

  /** The room in view, null where there can be none; its name goes up as 'enter' when another is chosen. @param {Room | null} room */
  set room(room) {
    if (room && room === this.#room) return
    this.#roomGone.abort()
    this.#roomGone = new AbortController()
    const { signal } = this.#roomGone
    this.#room = room
    part(this, 'h1 bdi').textContent = room?.name ?? 'No such room'
    this.#composer.hidden = !room
    if (room) this.#unread.watch(room, () => this.#chat?.you?.id ?? '', this.#gone.signal)
    const rules = () => this.#obey(signal, rules)
    room?.addEventListener('rules', rules, { signal })
    if (room) rules()
    room?.addEventListener('people', () => this.#drawCount(), { signal })
    room?.addEventListener('joined', () => this.#drawCount(), { signal })
    for (const name of ['chat-messages', 'chat-people', 'chat-composer', 'chat-typing']) {
      for (const element of this.querySelectorAll(name)) Object.assign(element, { room })
    }
    this.#look()
    this.#drawRooms()
    this.#drawCount()
  }

  get room() { return this.#room }

  /** @param {Chat} chat */
  async #keep(chat) {
    const { Moderation } = await import('./moderation.js')
    return new Moderation(this, chat)
  }

  /** @param {AbortSignal} signal @param {() => void} heard */
  async #obey(signal, heard) {
    const room = this.#room
    if (!this.#chat || !room || !room.refusal && !Object.values(room.rules).some(Boolean)) return
    room.removeEventListener('rules', heard)
    const { obey } = await import('./notices.js')
    if (!signal.aborted) obey(this.#chat, room, this.#composer, signal)
  }

  async #list() {
    const rooms = await this.#chat?.listRooms().catch(() => []) ?? []
    if (rooms.length) this.#listed = rooms.map(({ room }) => room)
    this.#drawRooms()
  }

  #look() {
    this.#unread.look(document.hidden ? '' : this.#room?.name ?? '')
    this.#drawTitle()
  }

  /** general first, then by name: a list that does not move under the hand. */
  get #names() {
    const names = new Set([...this.#listed, ...this.#chat?.rooms.keys() ?? []])
    names.delete('general')
    return ['general', ...[...names].sort((a, b) => a.localeCompare(b))]
  }

  #drawRooms() {
    const rooms = this.#names.map(name => ({ name, unread: this.#unread.of(name), current: name === this.#room?.name }))
    for (const element of this.querySelectorAll('chat-rooms')) Object.assign(element, { rooms })
    const elsewhere = this.#unread.total
    part(this.#button('rooms'), '.number').textContent = elsewhere ? String(elsewhere) : ''
    this.#button('rooms').setAttribute('aria-label', elsewhere ? `Rooms, ${elsewhere} unread` : 'Rooms')
    this.#drawTitle()
  }

  #drawTitle() {
    const unread = this.#unread.total
    document.title = `${unread ? `(${unread}) ` : ''}${this.#room?.name ?? ''} · Parley`
  }

  #drawCount() {
    const count = this.#room?.count ?? 0
    part(this.#button('people'), '.number').textContent = count ? String(count) : ''
    this.#button('people').setAttribute('aria-label', `People, ${count} here`)
  }

  /** @param {Side} side */
  #button(side) { return part(this, `[data-side=${side}]`) }

  #drawSides() {
    for (const side of /** @type {Side[]} */ (['rooms', 'people'])) {
      const button = this.#button(side)
      button.ariaExpanded = wide[side].matches ? String(this.dataset[side] !== 'closed') : null
      button.ariaHasPopup = wide[side].matches ? null : 'dialog'
    }
    if (this.#sheet && wide[/** @type {Side} */ (this.#sheet.dataset.of)].matches) this.#sheet.close()
  }

  /** @param {Side} side */
  #toggle(side) {
    if (!wide[side].matches) return this.#openSide(side)
    const open = this.dataset[side] !== 'closed'
    if (open) this.dataset[side] = 'closed'
    else delete this.dataset[side]
    keep.setItem(`parley.${side}`, open ? 'closed' : 'open')
    this.#drawSides()
  }

  /** @param {Side} side */
  #openSide(side) {
    const content = document.createElement(side === 'rooms' ? 'chat-rooms' : 'chat-people')
    this.#sheet = openSheet(side === 'rooms' ? 'Rooms' : 'People', content, { side: side === 'rooms' ? 'start' : 'end', into: this })
    this.#sheet.dataset.of = side
    this.#sheet.addEventListener('close', () => { this.#sheet = null })
    if (side === 'people') Object.assign(content, { chat: this.#chat, room: this.#room })
    else this.#drawRooms()
  }

  /** @type {ChatComposer} */
  get #composer() { return part(this, 'chat-composer') }

  #rename() {
    this.#sheet?.close()
    this.#composer.rename()
  }

  /** @param {KeyboardEvent} event */
  #pressed = event => {
    const target = /** @type {Element} */ (event.target)
    if (event.isComposing || document.querySelector('dialog[open]')) return
    if (event.key === '?' && !event.ctrlKey && !event.metaKey && !target.matches('input, textarea')) openHelp()
    else if (event.key === 'Escape') this.#catchUp()
    else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) this.#step(event.key === 'ArrowUp' ? -1 : 1)
    else return
    event.preventDefault()
  }

  #catchUp() {
    const messages = /** @type {ChatMessages} */ (part(this, 'chat-messages'))
    messages.catchUp()
  }

  /** @param {number} by */
  #step(by) {
    const names = this.#names
    const next = names[names.indexOf(this.#room?.name ?? '') + by]
    if (next) this.dispatchEvent(new CustomEvent('enter', { bubbles: true, detail: next }))
  }
}

/**
 * Opens a dialog over the page. Esc, a tap beside it and its own button close
 * it; then it is gone, and the focus back where it was.
 * @param {string} title
 * @param {Node} content
 * @param {{side?: 'start' | 'end', into?: Element}} [place] a sheet at a side, else a dialog in the middle
 * @returns {HTMLDialogElement}
 */
export function openSheet(title, content, { side, into = document.body } = {}) {
  const dialog = node('dialog', { class: side ? `sheet ${side}` : 'sheet', 'aria-label': title },
    node('button', { type: 'button', class: 'bare close', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close')),
    content)
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close() })
  dialog.addEventListener('close', () => dialog.remove())
  into.append(dialog)
  dialog.showModal()
  return dialog
}

const openHelp = async () => (await import('./help.js')).openHelp()

customElements.define('chat-app', ChatApp)
