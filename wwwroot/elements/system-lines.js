/** @typedef {import('../sdk/room.js').Room} Room */
/** @typedef {import('../sdk/chat.js').Chat} Chat */
/** @typedef {import('../sdk/types.js').Person} Person */

const MOST = 50 // lines kept
const ALL_NAMED = 3 // names in a line; of more, two and how many others
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
    chat.addEventListener('notice', event => this.#tell(/** @type {CustomEvent} */ (event).detail.text), { signal })
    chat.addEventListener('error', event => this.#complain(/** @type {CustomEvent} */ (event).detail), { signal })
    room.addEventListener('incomplete', () => this.#tell('Some messages could not be loaded again'), { signal })
  }

  /** Where a line stands means something else after a reset. @param {import('../sdk/types.js').MessagesDetail} detail */
  #startOver({ kind }) { if (kind === 'reset') this.all = [] }

  /** @param {import('../sdk/protocol.js').ChatError} error */
  #complain({ code, message }) {
    if (!ABOUT_NAMES.has(code)) this.#tell(message)
  }

  /** @param {string} sentence not told twice in a row */
  #tell(sentence) {
    const last = this.all.at(-1)
    if (last?.after !== this.#newest || last.words[0] !== sentence) this.#add({ words: [sentence] })
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

/**
 * Who came, went and took another name since the message before: one quiet line,
 * however many they are. Who comes back, or goes again, within one line leaves
 * no trace in it.
 */
export class Comings {
  /** @type {Map<string, string>} id to name */
  #joined = new Map()
  /** @type {Map<string, string>} */
  #left = new Map()
  /** @type {Map<string, {from: string, to: string}>} */
  #renamed = new Map()

  /**
   * @param {ReadonlyMap<string, Person>} before
   * @param {ReadonlyMap<string, Person>} after
   * @param {string} you id of who looks at it, about whom only names are news
   */
  add(before, after, you) {
    for (const [id, { name }] of after) {
      const was = before.get(id)?.name
      if (was === undefined) this.#came(id, name, you)
      else if (was !== name) this.#changed(id, was, name)
    }
    for (const [id, { name }] of before) {
      if (after.has(id) || id === you) continue
      if (!this.#joined.delete(id)) this.#left.set(id, name)
      this.#renamed.delete(id)
    }
  }

  /** @param {string} id @param {string} name @param {string} you */
  #came(id, name, you) {
    if (id === you) return
    const was = this.#left.get(id)
    this.#left.delete(id)
    if (was === undefined) this.#joined.set(id, name)
    else if (was !== name) this.#changed(id, was, name)
  }

  /** @param {string} id @param {string} from @param {string} to */
  #changed(id, from, to) {
    if (this.#joined.has(id)) return void this.#joined.set(id, to)
    const first = this.#renamed.get(id)?.from ?? from
    if (first === to) this.#renamed.delete(id)
    else this.#renamed.set(id, { from: first, to })
  }

  get empty() { return this.#joined.size + this.#left.size + this.#renamed.size === 0 }

  /**
   * The line in words; what is a name stands in an object.
   * @returns {(string | {name: string})[]}
   */
  get words() {
    const sentences = [
      ...this.#joined.size ? [[...list([...this.#joined.values()]), ' joined']] : [],
      ...this.#left.size ? [[...list([...this.#left.values()]), ' left']] : [],
      ...[...this.#renamed.values()].map(({ from, to }) => [{ name: from }, ' is now ', { name: to }]),
    ]
    return sentences.flatMap((sentence, i) => i ? [' · ', ...sentence] : sentence)
  }
}

/**
 * @param {string[]} names
 * @returns {(string | {name: string})[]} "Ada", "Ada and Bo", "Ada, Bo and Cy", "Ada, Bo and 3 others"
 */
export function list(names) {
  const [first, second, third] = names.map(name => ({ name }))
  switch (names.length) {
    case 1: return [first]
    case 2: return [first, ' and ', second]
    case ALL_NAMED: return [first, ', ', second, ' and ', third]
    default: return [first, ', ', second, ` and ${names.length - 2} others`]
  }
}
