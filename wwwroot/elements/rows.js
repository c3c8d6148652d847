import { keep } from '../sdk/session.js'
/** @import { Message, MessagesDetail, Pending, Person } from '../sdk/types.js' */
/** @import { Room } from '../sdk/room.js' */
/** @import { Day, Line, Listed, Me, Row, Said } from './types.js' */
/** @import { Chat } from '../sdk/chat.js' */
/** @import { ChatError } from '../sdk/protocol.js' */

const DAY = 24 * 60 * 60 * 1000 // ms
const TOGETHER = 5 * 60 * 1000 // ms between messages that share one header

/** What stands in the list, from top to bottom. @param {Listed} of @returns {Row[]} */
export function rows({ messages, pending, leaving = new Set(), lines, whole, you }) {
  /** @type {Row[]} */
  const all = []
  let day = ''
  /** @type {Map<string, number>} */
  const days = new Map()
  let line = 0
  /** @type {Said | null} */
  let above = null

  /** @param {number} at */
  const addDayOf = at => {
    if (!at || dayOf(at) === day) return
    day = dayOf(at)
    const again = days.get(day) ?? 0 // clocks differ: a day may come back
    days.set(day, again + 1)
    all.push({ kind: 'day', key: `day ${day} ${again}`, at })
    above = null
  }
  /** @param {Said} said */
  const add = said => {
    addDayOf(said.at)
    said.follows = above !== null && together(above, said)
    above = said
    all.push(said)
  }
  /** @param {number} seq */
  const addLinesBefore = seq => {
    for (; line < lines.length && lines[line].after < seq; line++) {
      addDayOf(lines[line].at)
      all.push({ kind: 'line', key: lines[line].key, words: lines[line].words })
      above = null
    }
  }

  /** @type {Map<number, Pending>} */
  const changes = new Map()
  for (const item of pending) if (item.target) changes.set(item.target, item)

  const first = whole ? 0 : messages[0]?.seq ?? 0
  while (line < lines.length && lines[line].after < first) line++ // its place is above what is shown
  for (const message of messages) {
    addLinesBefore(message.seq)
    const said = ofMessage(message, you)
    add(leaving.has(message.seq) ? { ...said, state: 'leaving' } : changed(said, changes.get(message.seq), you))
    changes.delete(message.seq)
  }
  addLinesBefore(Infinity)
  for (const item of pending) if (!item.target || item.state === 'failed' && changes.get(item.target) === item) add(ofPending(item, you))
  return all
}

/** @param {Said} above @param {Said} said */
const together = (above, said) =>
  above.person === said.person && above.from === said.from && gone(above) === gone(said) &&
  said.at - above.at < TOGETHER

/** @param {Said} said */
const gone = said => said.state === 'deleted' || said.state === 'lost' || said.state === 'leaving'

/** @param {Message} message @param {{id: string} | null} you @returns {Said} */
function ofMessage({ seq, id, person, from, text, at, edited, deleted, lost }, you) {
  const mine = you !== null && person === you.id && person !== ''
  const state = deleted ? 'deleted' : lost ? 'lost' : edited ? 'edited' : ''
  return { kind: 'message', key: `seq ${seq}`, was: mine && id ? `mine ${id}` : '', seq, id, person, from, text, at, mine, follows: false, state, doing: 'message', reason: '' }
}

/** A message as it will be; who wrote a deleted one is not known any more, but it was me. @param {Said} said @param {Pending | undefined} pending @param {Me} you @returns {Said} */
function changed(said, pending, you) {
  if (!pending) return said
  if (pending.kind === 'delete' && pending.state !== 'failed') return { ...said, state: 'deleted' }
  const mine = ofPending(pending, you)
  return { ...mine, key: said.key, seq: said.seq, text: mine.text || said.text, from: said.from || mine.from, at: said.at || mine.at }
}

/** @param {Pending} pending @param {Me} you @returns {Said} */
function ofPending({ id, kind, text, at, state, error }, you) {
  return { kind: 'message', key: `mine ${id}`, was: '', seq: 0, id, person: you?.id ?? '', from: you?.name ?? '', text, at, mine: true, follows: false, state, doing: kind, reason: error?.message ?? '' }
}

const hourAndMinute = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const otherYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })

/** The parts of a time; 'dayPeriod' is what 12 hours need besides. @param {number} at ms since 1970 */
export const timeOf = at => hourAndMinute.formatToParts(at)

/** @param {number} at ms since 1970 */
export const fullDateOf = at => complete.format(at)

/**
 * The local date as a key: two messages of one day have the same.
 * @param {number} at ms since 1970
 */
export function dayOf(at) {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

/**
 * The local date in words.
 * @param {number} at ms since 1970
 * @param {number} now ms since 1970
 */
export function dayName(at, now) {
  const noon = new Date(now).setHours(12) // 24 hours before noon is yesterday, whatever the clocks were set to
  if (dayOf(at) === dayOf(now)) return 'Today'
  if (dayOf(at) === dayOf(noon - DAY)) return 'Yesterday'
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear).format(at)
}

const MOST = 50 // lines kept
const ALL_NAMED = 3 // names in a line; of more, two and how many others
const TO_COME_BACK = 20 * 1000 // ms after a reconnect

/** Codes of errors that are told beside the box for the name. */
export const ABOUT_NAMES = new Set(['name_taken', 'bad_name', 'name_reserved'])

/** What is not in the log of a room but stands between its messages. */
export class SystemLines {
  /** @type {(Line & {comings?: Comings})[]} */
  all = []
  #chat
  #room
  #changed
  #people
  #count = 0
  #settling = 0 // timer
  /** What was seen before somebody looked again. @type {{epoch: string, seq: number} | null} */
  #last = null

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
    room.addEventListener('joined', () => { this.#settle(); this.#see() }, { signal })
    signal.addEventListener('abort', () => clearTimeout(this.#settling))
    room.addEventListener('messages', event => this.#startOver(/** @type {CustomEvent} */ (event).detail), { signal })
    chat.addEventListener('notice', event => this.#tell(/** @type {CustomEvent} */ (event).detail.text), { signal })
    chat.addEventListener('error', event => this.#complain(/** @type {CustomEvent} */ (event).detail), { signal })
    room.addEventListener('incomplete', event => this.#tell(/** @type {CustomEvent} */ (event).detail === 'replaced'
      ? 'The history of this room was replaced by another one.'
      : 'Too much was said meanwhile: this is the newest. Scroll up for what came before.'), { signal })
    this.#resume()
    document.addEventListener('visibilitychange', () => document.hidden || this.#resume(), { signal })
  }

  /** Somebody looks: what was not seen before stands below a line. */
  #resume() {
    const [epoch, seq] = keep.getItem(this.#seen)?.split(' ') ?? []
    this.#last = epoch ? { epoch, seq: Number(seq) } : null
    if (this.#room.joined && this.#chat.state === 'online') this.#see()
  }

  /** What stands in the page is seen, while somebody looks. */
  #see() {
    const { epoch } = this.#room
    const last = this.#last
    if (document.hidden || !epoch) return
    this.#last = null
    keep.setItem(this.#seen, `${epoch} ${this.#newest}`)
    if (!last || last.epoch === epoch && last.seq >= this.#newest) return
    if (last.epoch !== epoch) return this.#tell('The history of this room was replaced by another one.')
    const line = { after: last.seq, at: 0, key: `line ${++this.#count}`, words: ['New since you were here'] }
    this.all = [...this.all.filter(({ at }) => at), line].sort((a, b) => a.after - b.after)
    this.#changed()
  }

  get #seen() { return `parley.seen.${this.#room.name}` }

  /** Where a line stands means something else after a reset. @param {MessagesDetail} detail */
  #startOver({ kind }) {
    if (kind === 'reset') this.all = this.all.filter(({ after }) => !after).map(line => ({ ...line, after: this.#newest }))
    if (!this.#last) this.#see()
  }

  /** @param {ChatError} error */
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
