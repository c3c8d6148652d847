import { DrawnRows, HeldView, shownWindow } from './list.js'
import { icon, node } from './node.js'
import { rows, SystemLines } from './rows.js'

/** @import { Room } from '../sdk/room.js' */
/** @import { Chat } from '../sdk/chat.js' */
/** @import { MessagesDetail } from '../sdk/types.js' */

const PAGE = 40        // messages that come into the page at once
const IN_MEMORY = 1000 // messages kept behind the page while it follows the end
const FAR = 1.5        // screens from the end at which there is a way back to it
const UNDO = 8000      // ms in which a delete may be undone; only then it is sent
const UNHEARD = 500    // ms after which what was drawn quietly counts as read

/** The messages of one room: what is in the page, what is in view, what is news. */
export class ChatMessages extends HTMLElement {
  /** @type {Chat | null} */ chat = null
  /** @type {Room | null} */ #room = null
  /** @type {SystemLines | null} */ #lines = null
  #leave = new AbortController()
  #log = node('div', {
    role: 'log', 'aria-label': 'Messages', 'aria-live': 'polite', tabindex: '0',
    onclick: event => this.#clicked(event), onkeydown: event => this.#drawn.step(event),
  })
  #pill = node('button', { type: 'button', class: 'pill', hidden: true, onclick: () => this.catchUp() })
  #view = new HeldView(this.#log)
  #drawn = new DrawnRows(this.#log)
  #oldest = 0      // sequence of the first message in the page; 0: the newest are in it
  #missed = 0      // messages by others below what is in view
  #mine = 0        // messages of mine that were pending in the last drawing
  #frame = 0       // in which it is drawn next
  #quiet = true    // the next drawing is not read out
  #loud = 0        // timer after which drawings are read out again
  /** @type {Map<number, number>} */
  #leaving = new Map() // sequence of what is being deleted to its timer
  #loading = false
  #gaveUp = false  // to fill the page, until something else happens

  connectedCallback() {
    this.replaceChildren(this.#log, this.#pill)
    this.#view.start(this.#scrolled)
    addEventListener('pagehide', this.#settle)
  }

  disconnectedCallback() {
    this.room = null
    removeEventListener('pagehide', this.#settle)
    this.#view.stop()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#loud)
  }

  get room() { return this.#room }

  set room(room) {
    if (room && room === this.#room) return
    this.#settle()
    this.#leave.abort()
    this.#leave = new AbortController()
    const { signal } = this.#leave
    this.#room = room
    this.#drawn.clear()
    this.#oldest = this.#missed = 0
    this.#quiet = true
    this.#gaveUp = this.#loading = false
    this.#view.follow()
    if (!room) this.#drawn.place([], 'empty', '')
    if (!room || !this.chat) return
    this.#mine = room.pending.length
    this.#lines = new SystemLines(this.chat, room, () => this.#changed(), signal)
    room.addEventListener('messages', event => this.#news(/** @type {CustomEvent} */ (event).detail), { signal })
    room.addEventListener('pending', () => this.#changed(), { signal })
    room.addEventListener('rules', () => this.#changed(), { signal })
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

  /** @param {MessagesDetail} detail */
  #news({ kind, items }) {
    if (kind === 'prepend' || kind === 'reset') this.#quiet = true
    if (kind === 'append' && !this.#view.following) {
      this.#missed += items.filter(({ person }) => person !== this.chat?.you?.id).length
    }
    this.#changed()
  }

  /** Draws once for all that comes before the next frame; while the page is hidden none comes. */
  #changed() { this.#frame ||= requestAnimationFrame(this.#draw) }

  #draw = () => {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const room = this.#room
    if (!room) return
    const mine = room.pending.filter(({ target }) => !target).length
    if (mine > this.#mine) { // my own message always scrolls
      this.#oldest = 0
      this.#view.follow()
    }
    this.#mine = mine
    if (this.#view.following && this.#oldest === 0 && room.messages.length > IN_MEMORY + PAGE) room.trim(IN_MEMORY)
    const { from, to } = shownWindow(room.messages, this.#oldest)
    const start = from === 0 && room.atStart
    const end = to === room.messages.length
    const wanted = rows({
      messages: room.messages.slice(from, to),
      pending: end ? room.pending : room.pending.filter(({ target }) => target),
      leaving: new Set(this.#leaving.keys()),
      lines: end ? this.#lines?.all ?? [] : [],
      whole: start,
      you: this.chat?.you ?? null,
    })
    if (this.#quiet) this.#hush()
    this.#log.setAttribute('aria-busy', String(!room.joined))
    const empty = wanted.length === 0
    const top = !room.joined ? empty && !room.refusal ? 'opening' : 'none' : !start ? 'more' : empty ? 'empty' : 'start'
    this.#view.hold(() => this.#drawn.place(wanted, top, room.name), end)
    if (this.#view.following && end) this.#missed = 0
    this.#drawPill(end)
    if (this.#view.unfilled && !this.#gaveUp) this.#goUp(room, from)
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
  #clicked(event) {
    const button = /** @type {Element} */ (event.target).closest('button')
    const { do: what, id = '' } = button?.dataset ?? {}
    const seq = Number(button?.closest('article')?.dataset.seq)
    if (what === 'retry') this.#room?.retry(id)
    if (what === 'discard') this.#room?.discard(id)
    if (what === 'edit') this.dispatchEvent(new CustomEvent('edit', { bubbles: true, detail: seq }))
    if (what === 'delete') this.#leaving.set(seq, window.setTimeout(() => this.#delete(seq), UNDO))
    if (what === 'undo') {
      clearTimeout(this.#leaving.get(seq))
      this.#leaving.delete(seq)
    }
    if (what === 'delete' || what === 'undo') this.#draw()
  }

  /** @param {number} seq */
  #delete(seq) {
    clearTimeout(this.#leaving.get(seq))
    this.#leaving.delete(seq)
    this.#room?.delete(seq)
  }

  /** Nobody is here to undo anything any more. */
  #settle = () => { for (const seq of [...this.#leaving.keys()]) this.#delete(seq) }
}

customElements.define('chat-messages', ChatMessages)
