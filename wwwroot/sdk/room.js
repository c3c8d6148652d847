import { CatchUp, Entrance } from './answers.js'
import { LogWindow } from './log.js'
import { Outbox } from './outbox.js'
import { People, Typing } from './people.js'
import { ChatError, emit, HISTORY_PAGE, tooLarge } from './protocol.js'

/** @import { Change, History, Joined, Kept, Message, MessagesDetail, Moderated, Page, Pending, Position, RoomLink, RoomRules, Said, ServerEvent } from './types.js' */

const MOST_MESSAGES = 10_000 // in memory, where nobody calls trim; then the oldest fifth goes
const LONGEST_TIMER = 2 ** 31 // ms; above, browsers do not wait
/** @type {RoomRules} */
const NONE = { locked: false, invited: false, muted: false, slow: 0, until: 0, reason: '' }
const EMPTY_PAGES = 20 // pages of edits alone that loadOlder reads through

/**
 * One room as this client sees it; made by Chat.join. Events: 'messages'
 * (MessagesDetail), 'pending', 'people', 'typing', 'joined', 'incomplete' (detail
 * 'replaced': another log is here now, or 'missed': only its newest page came),
 * 'rules'.
 */
export class Room extends EventTarget {
  #link
  #log = new LogWindow()
  #people = new People()
  #typing
  #outbox
  #catchUp
  #entrance
  #telling = false
  /** @type {any} */
  #lifting = null
  /** @type {Promise<number>|null} */
  #older = null

  /** @param {string} name @param {RoomLink} link @param {Position} [position] */
  constructor(name, link, position) {
    super()
    if (position?.epoch) this.#log.resume(position.epoch, position.after ?? 0)
    const { now, random, timers } = link
    this.#link = link
    this.name = name
    /** True after the first 'joined'. */
    this.joined = false
    /** What keeps me from speaking here. @type {RoomRules} */
    this.rules = NONE
    /** Why I am not let in. @type {ChatError|null} */
    this.refusal = null
    /** Mine, not come back yet, in sending order. @type {Pending[]} */
    this.pending = []
    this.#entrance = new Entrance({
      ask: () => link.ask({ type: 'join', ...this.position() }),
      complain: (error) => {
        this.refusal = error
        link.complain(error)
        this.#rule(NONE)
      },
      leaving: () => this.#catchUp.stop(),
      timers,
    })
    this.#typing = new Typing({
      say: () => this.#entrance.open && link.tell({ type: 'typing', room: name }),
      changed: () => emit(this, 'typing'),
      now, timers,
    })
    this.#outbox = new Outbox({
      nextId: link.nextId,
      send: ({ id, kind: type, target, text }) => link.tell({
        type, id, room: name, ...(type !== 'message' && { target }), ...(type !== 'delete' && { text }),
      }),
      person: link.writer,
      keep: (items) => link.keep(name, items),
      probe: link.probe,
      online: () => link.online() && link.you()?.name !== '',
      open: () => this.#entrance.open && link.you()?.name !== '',
      check: (text) => tooLarge(link.measure(text)),
      changed: (items) => this.#showPending(items),
      now, timers,
    })
    this.#catchUp = new CatchUp({
      behind: () => this.#entrance.open && this.#log.behind,
      ask: () => this.#askNewer(),
      random, timers,
    })
  }

  get open() { return this.#entrance.open }
  get epoch() { return this.#log.epoch }
  get floor() { return this.#log.floor }
  get head() { return this.#log.head }
  /** Persons with a name who are here. */
  get count() { return this.#people.count }
  get people() { return this.#people.byId }
  /** A contiguous window of the log, in order. Not to be changed from outside. */
  get messages() { return this.#log.messages }
  get typing() { return this.#typing.names }
  /** True when there is nothing older. */
  get atStart() { return this.#log.atStart }

  /** Says something: at once, or when there is a connection and a name. Throws ChatError 'busy' beyond 1,000 that wait. @param {string} text */
  send(text) {
    this.#typing.said()
    return this.#outbox.add(text)
  }

  /** Gives a message of mine another text, as send() does. @param {number} seq @param {string} text */
  edit(seq, text) { return this.#outbox.add(text, 'edit', seq) }

  /** Takes the text of a message of mine away for good, as send() does. @param {number} seq */
  delete(seq) { return this.#outbox.add('', 'delete', seq) }

  /** @param {string} id of a failed one */
  retry(id) { this.#outbox.retry(id) }
  /** @param {string} id */
  discard(id) { this.#outbox.discard(id) }
  /** Call it at each keystroke. */
  typingNow() { this.#typing.say() }

  /** Resolves to how many messages were prepended; rejects ChatError. @returns {Promise<number>} */
  loadOlder() {
    this.#older ??= this.#loadOlder().finally(() => { this.#older = null })
    return this.#older
  }

  /** Forgets the oldest messages beyond most; loadOlder brings them back. @param {number} most */
  trim(most) { this.#tell(this.#log.trim(most)) }

  /** Where this client is. @returns {Position} */
  position() {
    const { known, epoch, to } = this.#log
    return known ? { room: this.name, epoch, after: to } : { room: this.name }
  }

  // What follows is Chat's to call.

  /** The connection was welcomed. @param {boolean} promised a joined follows without being asked for */
  welcomed(promised) {
    if (promised) this.#entrance.promised()
    else this.enter()
    this.#outbox.pump()
  }

  /** Joins, again if need be, until joined has come. */
  enter() { this.#entrance.enter() }

  /** What a pong says; undefined: the connection is not in this room. @param {{epoch: string, head: number}} [told] */
  heard(told) {
    if (!this.#entrance.open) return
    if (!told || told.epoch !== this.epoch) {
      this.#log.forgetHeld()
      this.enter()
    } else {
      this.#log.head = Math.max(this.#log.head, told.head)
      this.#catchUp.look()
    }
  }

  /** @param {ServerEvent} event */
  receive(event) {
    if (event.type === 'message') this.#message(event)
    else if (event.type === 'edit' || event.type === 'delete') {
      this.#mine(event)
      this.#live(event)
    }
    else if (event.type === 'joined') this.#entered(event)
    else if (event.type === 'presence') {
      this.#people.changed(event)
      emit(this, 'people', event)
    } else if (event.type === 'moderated') {
      this.#moderated(event)
    } else if (event.type === 'erased') {
      this.#tell(this.#log.erase(event.person))
    } else if (event.type === 'typing') {
      if (event.person !== this.#link.you()?.id) this.#typing.heard(event.person, event.name)
    } else if (event.type === 'renamed') {
      if (this.#people.renamed(event)) emit(this, 'people', event)
      if (this.typing.has(event.person)) this.#typing.heard(event.person, event.to)
    }
  }

  /** @param {Moderated} event */
  #moderated({ do: what, person, every, until, reason }) {
    const on = !what.startsWith('un')
    const kind = on ? what : what.slice(2)
    if (kind === 'slow') this.#rule({ ...this.rules, slow: on ? every : 0 })
    if (kind === 'invited') this.#rule({ ...this.rules, invited: on })
    if (kind === 'lock') this.#rule({ ...this.rules, locked: on, until, reason })
    if (kind === 'mute' && person === this.#link.you()?.id) this.#rule({ ...this.rules, muted: on, until, reason })
  }

  /** @param {RoomRules} rules */
  #rule(rules) {
    const { timers, now } = this.#link
    timers.clearTimeout(this.#lifting)
    this.rules = rules
    const left = rules.until - now()
    if (rules.until && left < LONGEST_TIMER) {
      this.#lifting = timers.setTimeout(() => this.#rule({ ...this.rules, locked: false, muted: false, until: 0 }), left)
    }
    emit(this, 'rules')
  }

  /** @param {string} id @param {ChatError} error @returns {boolean} whether it was about a message of ours */
  refused(id, error) {
    const lostRoom = error.code === 'not_in_room' || error.code === 'hello_first'
    const ours = this.#outbox.refused(id, lostRoom ? new ChatError(error.code, error.message, { retry: true, after: error.after }) : error)
    if (ours && lostRoom && this.#entrance.open) this.enter()
    return ours
  }

  /** An action failed, nobody knows which. */
  doubt() { this.#outbox.doubt() }

  /** The connection is gone. @param {'innocent'|'suspect'|'guilty'} item @param {ChatError|null} error */
  lost(item, error) {
    this.#entrance.lost()
    this.#log.forgetHeld()
    this.#catchUp.stop()
    this.#outbox.lost(item, error)
  }

  /** I have a name now, or the chat another state: what waits may go, or is called otherwise. */
  named() { this.#outbox.pump() }

  /** @param {Kept[]} items that another page left behind */
  restore(items) { this.#outbox.restore(items) }

  close() {
    this.lost('innocent', null)
    this.#link.timers.clearTimeout(this.#lifting)
    this.#outbox.close()
    this.#typing.close()
  }

  /** @param {Joined} event */
  #entered(event) {
    if (!this.#entrance.entered()) return
    this.joined = true
    this.refusal = null
    this.#people.joined(event)
    this.#rule(event.rules)
    this.#take(event)
    emit(this, 'joined')
    emit(this, 'people')
    if (event.more && this.#log.behind) this.#catchUp.now()
    this.#outbox.pump()
  }

  /** A page to continue with, or to start over with. @param {Page} page */
  #take(page) {
    const log = this.#log
    const other = log.known && page.epoch !== log.epoch
    const gap = log.known && !page.complete && page.from > log.to + 1
    if (other) this.#outbox.forgetPlaces()
    for (const entry of [...page.messages, ...page.changes]) this.#mine(entry)
    this.#tell(!log.known || other || gap ? log.reset(page) : log.merge(page))
    if (other || gap) emit(this, 'incomplete', other ? 'replaced' : 'missed')
    this.#catchUp.look()
  }

  /** @param {Said} event */
  #message({ type, room, ...message }) {
    this.#mine(message)
    this.#typing.forget(message.person)
    this.#live(message)
  }

  /** @param {Message|Change} entry */
  #live(entry) {
    this.#tell(this.#log.receive(entry, this.#entrance.open))
    this.#catchUp.look()
  }

  /** @param {Message|Change} entry */
  #mine({ person, id, seq }) {
    if (person === this.#link.you()?.id) this.#outbox.came(id, seq)
  }

  /** What came leaves pending before anybody is told of either. @param {MessagesDetail[]} details */
  #tell(details) {
    const before = this.pending
    this.#telling = true
    this.#outbox.settle(this.#log.to)
    this.#telling = false
    for (const detail of details) emit(this, 'messages', detail)
    if (this.pending !== before) emit(this, 'pending')
    if (this.messages.length > MOST_MESSAGES) this.trim(MOST_MESSAGES * 0.8)
  }

  /** @param {Pending[]} items */
  #showPending(items) {
    this.pending = items
    if (!this.#telling) emit(this, 'pending')
  }

  /** @returns {Promise<boolean>} whether it brought anything */
  async #askNewer() {
    const before = this.#log.to
    const page = await this.#ask({ after: before }).catch((/** @type {ChatError} */ { code }) => {
      if (code === 'not_in_room') this.enter()
      return null
    })
    if (page && page.epoch !== this.epoch) this.#log.forgetHeld()
    if (page) this.#take(page)
    return this.#log.to > before || !this.#log.behind
  }

  async #loadOlder() {
    const log = this.#log
    for (let i = 0; i < EMPTY_PAGES && log.known && !log.atStart; i++) {
      const before = log.messages.length
      const page = await this.#ask({ before: log.from, limit: HISTORY_PAGE })
      if (page.epoch !== log.epoch) return 0
      const fits = page.to === log.from - 1 // it was trimmed or started over meanwhile otherwise
      if (fits) this.#tell(log.merge(page))
      if (!page.more && (fits || page.to < page.from)) log.atStart = true
      if (!fits) return 0
      if (log.messages.length > before) return log.messages.length - before
    }
    return 0
  }

  /** @param {{after: number}|{before: number, limit: number}} range @returns {Promise<History>} */
  async #ask(range) {
    const answer = await this.#link.ask({ type: 'history', room: this.name, ...range })
    if (answer.type !== 'history') throw new ChatError('unanswered', 'The server answered something else.', { retry: true })
    return answer
  }
}
