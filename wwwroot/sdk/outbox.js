// What I said, edited or deleted and have not seen come back. At least once to the
// wire: an item is sent again under the same id until its own copy is here, one at
// a time, so that the log has them in the order in which they were written.
import { ChatError, wellFormed } from './protocol.js'

/** @import { Entry, Kept, OutboxOptions, Pending } from './types.js' */

const SLOW_AFTER = 1000 // ms without the copy
const AGAIN_AFTER = 2 * 1000 // ms, where an error says retry without a time
const LONGEST_WAIT = 60 * 1000 // ms, whatever an error says
const COPY_WITHIN = 10 * 1000 // ms until it is sent again on the same connection
const MOST_SENDS = 4 // without any answer on one connection
const MOST_DROPS = 2 // connections lost while it was in flight
const MOST_PENDING = 1000

export class Outbox {
  /** @type {Entry[]} */
  #entries = []
  /** @type {any} */
  #sendTimer = null
  /** @type {any} */
  #slowTimer = null
  #told = ''
  #options

  /** @param {OutboxOptions} options */
  constructor(options) {
    this.#options = options
  }

  /**
   * Throws ChatError 'busy' where too much is waiting.
   * @param {string} text @param {Pending['kind']} kind @param {number} target what is edited or deleted, else 0
   * @returns {Pending}
   */
  add(text, kind = 'message', target = 0) {
    const { nextId, now, check, person } = this.#options
    if (this.#entries.length >= MOST_PENDING) throw new ChatError('busy', 'Too many messages are waiting to be sent.', { retry: true })
    /** @type {Pending} */
    const item = { id: nextId(), kind, target, text: wellFormed(text), at: now(), state: 'queued' }
    const entry = { item, person: person(), inFlight: false, waits: false, sends: 0, drops: 0, since: now(), seq: 0 }
    this.#entries.push(entry)
    const error = check(item.text)
    if (error) this.#fail(entry, error)
    this.pump()
    return item
  }

  /** What another page left behind: older than all that was written here. @param {Kept[]} kept */
  restore(kept) {
    const before = kept.filter(({ id }) => !this.#find(id)).map(({ person, drops, error, ...item }) => /** @type {Entry} */ ({
      item: { ...item, state: error ? 'failed' : 'queued', ...(error && { error: new ChatError(error.code, error.message) }) },
      person, inFlight: false, waits: false, sends: 0, drops, since: this.#options.now(), seq: 0,
    }))
    this.#entries = [...before, ...this.#entries]
    this.pump()
  }

  /** A failed one again, after those that wait. @param {string} id */
  retry(id) {
    const entry = this.#find(id)
    if (entry?.item.state !== 'failed') return
    this.#remove(entry)
    this.#entries.push({ ...entry, person: '', drops: 0, sends: 0, inFlight: false, waits: false, since: this.#options.now() })
    delete entry.item.error
    entry.item.state = 'queued'
    const error = this.#options.check(entry.item.text)
    if (error) this.#fail(this.#entries[this.#entries.length - 1], error)
    this.pump()
  }

  /** @param {string} id */
  discard(id) {
    const entry = this.#find(id)
    if (entry) this.#remove(entry)
    this.pump()
  }

  /** Its own copy came back: it is durable. @param {string} id @param {number} seq */
  came(id, seq) {
    const entry = this.#find(id)
    if (!entry) return
    this.#rest(entry)
    entry.seq = seq
  }

  /** The window holds the log up to here: what it shows is pending no more. Sends the next. @param {number} to */
  settle(to) {
    this.#entries = this.#entries.filter(({ seq }) => seq === 0 || seq > to)
    this.pump()
  }

  /** Sequences mean something else now: what came back is wherever the server has it. */
  forgetPlaces() {
    this.#entries = this.#entries.filter(({ seq }) => seq === 0)
  }

  /** @param {string} id @param {ChatError} error @returns {boolean} whether it was about one of ours */
  refused(id, error) {
    const entry = this.#find(id)
    if (!entry) return false
    if (!entry.inFlight) return true
    this.#rest(entry)
    if (error.retry) {
      entry.item.error = error
      entry.sends = 0
      this.#wait(entry, Math.min(error.after || AGAIN_AFTER, LONGEST_WAIT))
    } else this.#fail(entry, error)
    this.pump()
    return true
  }

  /** An action failed, it may have been this one: it is sent again sooner. */
  doubt() {
    const entry = this.#entries.find(({ inFlight }) => inFlight)
    if (entry) this.#again(entry, AGAIN_AFTER)
  }

  /**
   * The connection is gone.
   * @param {'innocent'|'suspect'|'guilty'} item how far the one in flight may be to blame
   * @param {ChatError|null} error
   */
  lost(item, error) {
    this.#options.timers.clearTimeout(this.#sendTimer)
    for (const entry of this.#entries) {
      const flew = entry.inFlight
      this.#rest(entry)
      entry.sends = 0
      if (!flew || item === 'innocent') continue
      entry.drops++
      if (item === 'guilty' || entry.drops >= MOST_DROPS) {
        this.#fail(entry, error ?? new ChatError('unconnected', 'The connection broke while this was being sent.', { retry: true }))
      }
    }
    this.pump()
  }

  /** Nothing is sent any more. */
  close() {
    this.#options.timers.clearTimeout(this.#sendTimer)
    this.#options.timers.clearTimeout(this.#slowTimer)
    this.#entries = []
  }

  /** Sends the next one if it may go now, and tells what has changed. */
  pump() {
    const { open, person } = this.#options
    while (open() && !this.#entries.some(({ inFlight, waits }) => inFlight || waits)) {
      const next = this.#entries.find(({ item, seq }) => item.state !== 'failed' && seq === 0)
      if (!next) break
      if (next.person && next.person !== person()) {
        this.#fail(next, new ChatError('other_person', 'You wrote this under another name, and it was not sent. Retry sends it as who you are now.'))
        continue
      }
      next.person = person()
      this.#send(next)
      break
    }
    this.#name()
  }

  /** @param {Entry} entry */
  #send(entry) {
    if (!this.#options.send(entry.item)) return
    entry.inFlight = true
    entry.sends++
    this.#again(entry, COPY_WITHIN)
  }

  /** @param {Entry} entry @param {number} ms */
  #again(entry, ms) {
    const { timers } = this.#options
    timers.clearTimeout(this.#sendTimer)
    this.#sendTimer = timers.setTimeout(() => {
      this.#rest(entry)
      this.#options.probe()
      if (entry.sends >= MOST_SENDS) this.#fail(entry, new ChatError('unanswered', 'The server did not answer. Try again.', { retry: true }))
      this.pump()
    }, ms)
  }

  /** @param {Entry} entry @param {number} ms */
  #wait(entry, ms) {
    entry.waits = true
    this.#sendTimer = this.#options.timers.setTimeout(() => {
      entry.waits = false
      this.pump()
    }, ms)
  }

  /** @param {Entry} entry */
  #rest(entry) {
    if (entry.inFlight) this.#options.timers.clearTimeout(this.#sendTimer)
    entry.inFlight = false
    entry.waits = false
  }

  /** @param {Entry} entry @param {ChatError} error */
  #fail(entry, error) {
    this.#rest(entry)
    entry.item.state = 'failed'
    entry.item.error = error
  }

  /** Gives each its state, tells, and comes back when the next one turns slow. */
  #name() {
    const { now, online, timers } = this.#options
    timers.clearTimeout(this.#slowTimer)
    let soonest = Infinity
    for (const entry of this.#entries) {
      if (entry.item.state === 'failed') continue
      const was = entry.item.state
      if (online() && was === 'queued') entry.since = now()
      const left = entry.since + SLOW_AFTER - now()
      entry.item.state = !online() ? 'queued' : left <= 0 ? 'slow' : 'sending'
      if (entry.item.state === 'sending') soonest = Math.min(soonest, left)
    }
    if (soonest < Infinity) {
      this.#slowTimer = timers.setTimeout(() => this.#name(), soonest)
    }
    this.#tell()
  }

  /** Tells the items in sending order, if they are others than before, and has them kept. */
  #tell() {
    const { keep, changed } = this.#options
    keep(this.#entries.filter(({ seq }) => seq === 0).map(({ item: { state, error, ...item }, person, drops }) => ({
      ...item, person, drops, ...(state === 'failed' && error && { error: { code: error.code, message: error.message } }),
    })))
    const items = this.#entries.map(({ item }) => item)
    const now = items.map(({ id, state, error }) => `${id} ${state} ${error?.code ?? ''}`).join()
    if (now === this.#told) return
    this.#told = now
    changed(items)
  }

  /** @param {string} id */
  #find(id) {
    return id === '' ? undefined : this.#entries.find(({ item }) => item.id === id)
  }

  /** @param {Entry} entry */
  #remove(entry) {
    if (entry.inFlight || entry.waits) this.#options.timers.clearTimeout(this.#sendTimer)
    this.#entries = this.#entries.filter((other) => other !== entry)
  }
}
