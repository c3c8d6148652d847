// A window of a room's log: what a client has of it, contiguous and in order,
// whatever order the frames came in. No timers, no events, no connection.
/** @import { Change, Message, MessagesDetail, Page } from './types.js' */

const MOST_HELD = 256 // entries ahead of a gap; those beyond are asked for again
const MOST_REMEMBERED = 64 // changes

export class LogWindow {
  epoch = ''
  floor = 0
  head = 0 // the newest entry heard of
  /** The window holds every entry with from <= seq <= to. */
  from = 1
  to = 0
  known = false // false until the first page
  atStart = false
  /** @type {Message[]} in order of sequence */
  messages = []
  /** @type {Map<number, Message|Change>} entries ahead of a gap, by sequence */
  #held = new Map()
  /** @type {Change[]} the last that came by themselves: an older page may have been written before them */
  #changes = []

  /** Whether entries are missing at the new end. */
  get behind() { return this.known && this.head > this.to }

  /** Takes an entry that came by itself. @param {Message|Change} entry @param {boolean} open false: only hold it @returns {MessagesDetail[]} */
  receive(entry, open) {
    this.head = Math.max(this.head, entry.seq)
    if (this.known && entry.seq <= this.to) return [] // a repeat
    if ('target' in entry) this.#changes = [...this.#changes, entry].slice(-MOST_REMEMBERED)
    this.#hold(entry)
    return open && this.known ? this.#drain() : []
  }

  /** Goes on from a position. @param {string} epoch @param {number} after */
  resume(epoch, after) {
    Object.assign(this, { epoch, from: after + 1, to: after, head: after, known: true })
  }

  /** Starts over with this page. @param {Page} page @returns {MessagesDetail[]} */
  reset(page) {
    this.epoch = page.epoch
    this.floor = page.floor
    this.head = page.head
    this.from = page.from
    this.to = page.to
    this.known = true
    this.atStart = page.from <= page.floor + 1
    this.messages = [...page.messages]
    this.#changes = []
    for (const change of page.changes) this.#apply(change)
    this.#drain()
    return [{ kind: 'reset', items: this.messages }]
  }

  /** Takes a page that overlaps or continues the window, on either side; one that does neither only tells the head. @param {Page} page @returns {MessagesDetail[]} */
  merge(page) {
    this.floor = Math.max(this.floor, page.floor)
    this.head = Math.max(this.head, page.head)
    const touches = page.from <= this.to + 1 && page.to >= this.from - 1
    return [
      ...(touches && page.from < this.from ? this.#prepend(page) : []),
      ...(touches && page.to >= this.from ? this.#append(page) : []),
    ]
  }

  /** Forgets what is held: it belongs to another connection or epoch. */
  forgetHeld() {
    this.#held.clear()
  }

  /** Whose messages have nobody's name now. @param {string} person @returns {MessagesDetail[]} */
  erase(person) {
    this.messages = this.messages.map((message) => message.person === person ? { ...message, from: '' } : message)
    return [{ kind: 'change', items: this.messages.filter((message) => message.person === person) }]
  }

  /** Keeps the newest. @param {number} most @returns {MessagesDetail[]} */
  trim(most) {
    const excess = this.messages.length - Math.max(1, most)
    if (excess <= 0) return []
    const items = this.messages.slice(0, excess)
    this.messages = this.messages.slice(excess)
    this.from = this.messages[0].seq
    this.atStart = false
    return [{ kind: 'trim', items }]
  }

  /** @param {Page} page @returns {MessagesDetail[]} */
  #append(page) {
    /** @type {Set<number>} */
    const changed = new Set()
    /** @type {Message[]} */
    const items = []
    for (const message of page.messages) {
      if (message.seq > this.to) items.push(message)
      else if (this.#replace(message)) changed.add(message.seq)
    }
    this.messages = this.messages.concat(items)
    this.to = Math.max(this.to, page.to)
    for (const change of page.changes) if (this.#apply(change)) changed.add(change.target)
    return this.#drain(items, changed)
  }

  /** @param {Page} page @returns {MessagesDetail[]} */
  #prepend(page) {
    const before = this.from
    const items = page.messages.filter(({ seq }) => seq < before)
    this.messages = items.concat(this.messages)
    this.from = page.from
    this.atStart = page.from <= page.floor + 1
    for (const change of [...page.changes, ...this.#changes]) if (change.target < before) this.#apply(change)
    return items.length > 0 ? [{ kind: 'prepend', items: this.messages.slice(0, items.length) }] : []
  }

  /** Takes what is held and continues the window. @param {Message[]} items appended already @param {Set<number>} changed @returns {MessagesDetail[]} */
  #drain(items = [], changed = new Set()) {
    const first = this.messages.length - items.length
    for (let entry; (entry = this.#held.get(this.to + 1)); this.to = entry.seq) {
      if ('target' in entry) {
        if (this.#apply(entry)) changed.add(entry.target)
      } else this.messages.push(entry)
    }
    for (const seq of this.#held.keys()) if (seq <= this.to) this.#held.delete(seq)
    const appended = this.messages.slice(first)
    for (const { seq } of appended) changed.delete(seq)
    /** @type {MessagesDetail[]} */
    const details = []
    if (appended.length > 0) details.push({ kind: 'append', items: appended })
    if (changed.size > 0) details.push({ kind: 'change', items: this.messages.filter(({ seq }) => changed.has(seq)) })
    return details
  }

  /** @param {Message|Change} entry */
  #hold(entry) {
    if (this.#held.size >= MOST_HELD && !this.#held.has(entry.seq)) {
      const farthest = Math.max(...this.#held.keys())
      if (entry.seq > farthest) return
      this.#held.delete(farthest)
    }
    this.#held.set(entry.seq, entry)
  }

  /** @param {Change} change @returns {boolean} whether a message in the window is another now */
  #apply(change) {
    const old = this.messages[this.#index(change.target)]
    if (!old || change.type === 'edit' && change.text === '') return false // a newer change has replaced it
    return this.#replace(change.type === 'delete'
      ? { ...old, id: '', from: '', person: '', text: '', at: 0, deleted: true }
      : { ...old, text: change.text, edited: change.seq })
  }

  /** The newer state of a message wins, whichever comes first. @param {Message} message */
  #replace(message) {
    const i = this.#index(message.seq)
    const old = this.messages[i]
    if (!old || old.deleted) return false
    if (!message.deleted && (message.edited ?? 0) <= (old.edited ?? 0)) return false
    this.messages[i] = message
    return true
  }

  /** Where a message is, by halving; -1: not in the window. @param {number} seq */
  #index(seq) {
    let low = 0
    let high = this.messages.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = this.messages[middle].seq
      if (at === seq) return middle
      if (at < seq) low = middle + 1
      else high = middle - 1
    }
    return -1
  }
}
