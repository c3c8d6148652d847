import { Comings } from './comings.js'

/** @typedef {import('../sdk/room.js').Room} Room */
/** @typedef {import('../sdk/chat.js').Chat} Chat */

const MOST = 50 // lines kept
const TO_COME_BACK = 20 * 1000 // ms after a reconnect

/** Codes of errors that are told beside the box for the name. */
export const ABOUT_NAMES = new Set(['name_taken', 'bad_name'])

/** What is not in the log of a room but stands between its messages. */
export class SystemLines {
  /** @type {(import('./rows.js').Line & {comings?: Comings})[]} */
  all = []
  #chat
  #room
  #changed
  #people
  #count = 0
  #settling = 0 // timer

  /**
   * @param {Chat} chat
   * @param {Room} room
   * @param {() => void} changed is called after each change
   * @param {AbortSignal} signal ends it
   */
  constructor(chat, room, changed, signal) {
    this.#chat = chat
    this.#room = room
    this.#changed = changed
    this.#people = new Map(room.people)
    room.addEventListener('people', () => this.#compare(), { signal })
    room.addEventListener('joined', () => this.#settle(), { signal })
    signal.addEventListener('abort', () => clearTimeout(this.#settling))
    room.addEventListener('messages', event => this.#startOver(/** @type {CustomEvent} */ (event).detail), { signal })
    chat.addEventListener('notice', event => this.#add({ words: [/** @type {CustomEvent} */ (event).detail.text] }), { signal })
    chat.addEventListener('error', event => this.#complain(/** @type {CustomEvent} */ (event).detail), { signal })
    room.addEventListener('incomplete', () => this.#add({ words: ['Some messages could not be loaded again'] }), { signal })
  }

  /** Where a line stands means something else after a reset. @param {import('../sdk/types.js').MessagesDetail} detail */
  #startOver({ kind }) { if (kind === 'reset') this.all = [] }

  /** @param {import('../sdk/error.js').ChatError} error */
  #complain({ code, message }) {
    if (!ABOUT_NAMES.has(code)) this.#add({ words: [message] })
  }

  /** Who is here already is no news, and who was before a reconnect gets time to come back too. */
  #settle() {
    clearTimeout(this.#settling)
    this.#settling = this.#people.size === 0 ? 0 : window.setTimeout(() => {
      this.#settling = 0
      this.#compare()
    }, TO_COME_BACK)
    this.#people = this.#now
  }

  get #now() { return new Map([...this.#settling ? this.#people : [], ...this.#room.people]) }

  #compare() {
    const before = this.#people
    this.#people = this.#now
    if (!this.#room.joined || this.#chat.state !== 'online') return
    const last = this.all.at(-1)
    const merged = last?.comings && last.after === this.#newest ? last : null
    const comings = merged?.comings ?? new Comings()
    comings.add(before, this.#people, this.#chat.you?.id ?? '')
    if (merged) this.all.pop()
    if (!comings.empty) this.#add({ comings, words: comings.words, key: merged?.key })
    else if (merged) this.#changed()
  }

  get #newest() { return this.#room.messages.at(-1)?.seq ?? 0 }

  /** @param {{words: (string | {name: string})[], comings?: Comings, key?: string}} line */
  #add({ words, comings, key = `line ${++this.#count}` }) {
    this.all = [...this.all, { after: this.#newest, at: Date.now(), key, words, comings }].slice(-MOST)
    this.#changed()
  }
}
