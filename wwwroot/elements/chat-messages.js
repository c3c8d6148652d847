import { bdi, node } from './node.js'
import { dayName } from './clock.js'
import { drawMessage } from './message.js'
import { HeldView } from './held-view.js'
import { icon } from './icon.js'
import { listTop } from './list-top.js'
import { rows } from './rows.js'
import { shownWindow } from './shown-window.js'
import { SystemLines } from './system-lines.js'

/** @typedef {import('../sdk/room.js').Room} Room */
/** @typedef {import('./rows.js').Row} Row */

const PAGE = 40        // messages that come into the page at once
const IN_MEMORY = 1000 // messages kept behind the page while it follows the end
const FAR = 1.5        // screens from the end at which there is a way back to it
const UNHEARD = 500    // ms after which what was drawn quietly counts as read

/** The messages of one room: what is in the page, what is in view, what is news. */
export class ChatMessages extends HTMLElement {
  /** @type {import('../sdk/chat.js').Chat | null} */ chat = null
  /** @type {Room | null} */ #room = null
  /** @type {SystemLines | null} */ #lines = null
  #leave = new AbortController()
  #log = node('div', { role: 'log', 'aria-label': 'Messages', 'aria-live': 'polite', tabindex: '0' })
  #pill = node('button', { type: 'button', class: 'pill', hidden: true, onclick: () => this.catchUp() })
  #view = new HeldView(this.#log)
  /** @type {Map<string, HTMLElement>} */ #nodes = new Map()
  #oldest = 0      // sequence of the first message in the page; 0: the newest are in it
  #missed = 0      // messages by others below what is in view
  #mine = 0        // messages of mine that were pending in the last drawing
  #frame = 0       // in which it is drawn next
  #quiet = true    // the next drawing is not read out
  #loud = 0        // timer after which drawings are read out again
  #loading = false
  #gaveUp = false  // to fill the page, until something else happens

  connectedCallback() {
    this.replaceChildren(this.#log, this.#pill)
    this.#view.start(this.#scrolled)
    this.#log.addEventListener('click', this.#clicked)
    this.#log.addEventListener('keydown', this.#pressed)
  }

  disconnectedCallback() {
    this.room = null
    this.#view.stop()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#loud)
    this.#log.removeEventListener('click', this.#clicked)
    this.#log.removeEventListener('keydown', this.#pressed)
  }

  get room() { return this.#room }

  set room(room) {
    if (room === this.#room) return
    this.#leave.abort()
    this.#leave = new AbortController()
    const { signal } = this.#leave
    this.#room = room
    this.#nodes.clear()
    this.#log.replaceChildren()
    this.#oldest = this.#missed = 0
    this.#quiet = true
    this.#gaveUp = this.#loading = false
    this.#view.follow()
    if (!room || !this.chat) return
    this.#mine = room.pending.length
    this.#lines = new SystemLines(this.chat, room, () => this.#changed(), signal)
    room.addEventListener('messages', event => this.#news(/** @type {CustomEvent} */ (event).detail), { signal })
    room.addEventListener('pending', () => this.#changed(), { signal })
    room.addEventListener('joined', () => { this.#gaveUp = false; this.#changed() }, { signal })
    this.chat.addEventListener('you', () => this.#changed(), { signal })
    this.#draw()
  }

  /** Goes to the newest message. @returns {boolean} whether it was out of view */
  catchUp() {
    const was = this.#pill.hidden
    this.#oldest = this.#missed = 0
    this.#view.follow()
    this.#draw()
    return !was
  }

  /** @param {import('../sdk/types.js').MessagesDetail} detail */
  #news({ kind, items }) {
    if (kind === 'prepend' || kind === 'reset') this.#quiet = true
    if (kind === 'append' && !this.#view.following) {
      this.#missed += items.filter(({ person }) => person !== this.chat?.you?.id).length
    }
    this.#changed()
  }

  /** Draws once for all that comes before the next frame. */
  #changed() {
    if (document.hidden) this.#draw() // no frames come
    else this.#frame ||= requestAnimationFrame(this.#draw)
  }

  #draw = () => {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const room = this.#room
    if (!room) return
    if (room.pending.length > this.#mine) { // my own message always scrolls
      this.#oldest = 0
      this.#view.follow()
    }
    this.#mine = room.pending.length
    if (this.#view.following && this.#oldest === 0 && room.messages.length > IN_MEMORY + PAGE) room.trim(IN_MEMORY)
    const { from, to } = shownWindow(room.messages, this.#oldest)
    const end = to === room.messages.length
    const wanted = rows({
      messages: room.messages.slice(from, to),
      pending: end ? room.pending : [],
      lines: end ? this.#lines?.all ?? [] : [],
      whole: from === 0 && room.atStart,
      you: this.chat?.you ?? null,
    })
    if (this.#quiet) this.#hush()
    this.#log.setAttribute('aria-busy', String(!room.joined))
    this.#view.hold(() => this.#place(wanted, room, from), end)
    if (this.#view.following && end) this.#missed = 0
    this.#drawPill(end)
    if (this.#view.unfilled && !this.#gaveUp) this.#goUp(room, from)
  }

  /** @param {Row[]} wanted @param {Room} room @param {number} from */
  #place(wanted, room, from) {
    const keys = new Set(wanted.map(row => row.key))
    for (const [key, old] of this.#nodes) {
      if (keys.has(key)) continue
      old.remove()
      this.#nodes.delete(key)
    }
    const empty = wanted.length === 0
    const start = room.atStart && from === 0
    const old = /** @type {HTMLElement | null} */ (this.#log.querySelector(':scope > .top'))
    const top = listTop(empty && !room.joined ? 'opening' : !start ? 'more' : empty ? 'empty' : 'start', room.name, old)
    if (top !== old) {
      old?.remove()
      this.#log.prepend(top)
    }
    let next = top.nextSibling
    for (const row of wanted) {
      const made = drawRow(row, room.name, this.#nodes.get(row.key))
      this.#nodes.set(row.key, made)
      if (made === next) next = made.nextSibling
      else this.#log.insertBefore(made, next)
    }
  }

  /** @param {boolean} end */
  #drawPill(end) {
    this.#pill.hidden = this.#missed === 0 && end && this.#view.screensFromEnd < FAR
    const label = this.#missed === 0 ? 'Newest' : this.#missed === 1 ? '1 new message' : `${this.#missed} new messages`
    if (this.#pill.textContent !== label) this.#pill.replaceChildren(label, icon('down'))
  }

  /** What is older is not read out. */
  #hush() {
    this.#quiet = false
    this.#log.setAttribute('aria-live', 'off')
    clearTimeout(this.#loud)
    this.#loud = window.setTimeout(() => this.#log.setAttribute('aria-live', 'polite'), UNHEARD)
  }

  #scrolled = () => {
    const room = this.#room
    if (!room) return
    const { from, to } = shownWindow(room.messages, this.#oldest)
    const end = to === room.messages.length
    this.#gaveUp = false
    if (this.#view.following && end) this.#missed = 0
    this.#drawPill(end)
    if (this.#view.nearStart) this.#goUp(room, from)
    else if (this.#view.nearEnd && !end) this.#goDown(room, from)
  }

  /** @param {Room} room @param {number} from */
  async #goUp(room, from) {
    if (this.#loading || !room.joined || from === 0 && room.atStart) return
    if (from === 0) {
      this.#loading = true
      this.#log.setAttribute('aria-busy', 'true')
      from = await room.loadOlder().catch(() => 0)
      this.#loading = false
      if (room !== this.#room) return
      this.#gaveUp = from === 0
    }
    if (from > 0) this.#oldest = room.messages[Math.max(0, from - PAGE)].seq
    this.#quiet = true
    this.#draw()
  }

  /** @param {Room} room @param {number} from */
  #goDown(room, from) {
    const newest = shownWindow(room.messages, 0).from
    this.#oldest = from + PAGE < newest ? room.messages[from + PAGE].seq : 0
    this.#quiet = true
    this.#draw()
  }

  /** @param {Event} event */
  #clicked = event => {
    const { do: what, id = '' } = /** @type {Element} */ (event.target).closest('button')?.dataset ?? {}
    if (what === 'retry') this.#room?.retry(id)
    if (what === 'discard') this.#room?.discard(id)
  }

  /** Arrows go from message to message. @param {KeyboardEvent} event */
  #pressed = event => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const all = /** @type {HTMLElement[]} */ ([...this.#log.querySelectorAll(':scope > article')])
    const now = all.findIndex(article => article.contains(document.activeElement))
    const next = now < 0 ? all.at(-1) : all[now + step]
    if (!next) return
    event.preventDefault()
    next.focus()
  }
}

/** @param {Row} row @param {string} room @param {HTMLElement} [old] @returns {HTMLElement} */
function drawRow(row, room, old) {
  if (row.kind === 'message') return drawMessage(row, room, old)
  const made = old ?? node('p', { class: row.kind })
  const words = row.kind === 'day' ? [dayName(row.at, Date.now())] : row.words
  if (made.textContent !== words.map(word => typeof word === 'string' ? word : word.name).join('')) {
    made.replaceChildren(...words.map(word => typeof word === 'string' ? word : bdi(word.name)))
  }
  return made
}

customElements.define('chat-messages', ChatMessages)
