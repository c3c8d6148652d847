import { drawMessage } from './message.js'
import { bdi, copyButton, linkTo, node } from './node.js'
import { dayName } from './rows.js'
/** @import { Row } from './types.js' */

const FOLLOWS_WITHIN = 100 // px from the end within which the view follows it
const AHEAD = 400          // px before an edge at which more is wanted
const MOST_SHOWN = 300     // messages in the page at once

/** @typedef {'opening' | 'none' | 'empty' | 'start' | 'more'} Top what stands above the first row */

/** The rows of a list as they stand in the page. A row keeps its node for as long as it is there. */
export class DrawnRows {
  /** @type {Map<string, HTMLElement>} */ #nodes = new Map()
  /** @type {HTMLElement | null} */ #top = null
  #list

  /** @param {HTMLElement} list */
  constructor(list) { this.#list = list }

  clear() {
    this.#nodes.clear()
    this.#top = null
    this.#list.replaceChildren()
  }

  /** @param {Row[]} rows @param {Top} state @param {string} room */
  place(rows, state, room) {
    const keys = new Set(rows.map(row => row.key))
    for (const [key, old] of this.#nodes) {
      if (keys.has(key)) continue
      old.remove()
      this.#nodes.delete(key)
    }
    if (this.#top?.dataset.state !== state) {
      this.#top?.remove()
      this.#top = node('div', { class: 'top', 'data-state': state }, ...tops[state](room))
      this.#list.prepend(this.#top)
    }
    let next = /** @type {HTMLElement} */ (this.#top).nextSibling
    for (const row of rows) {
      const made = draw(row, room, this.#nodes.get(row.key))
      this.#nodes.set(row.key, made)
      if (made === next) next = made.nextSibling
      else this.#list.insertBefore(made, next)
    }
  }

  /** Arrows go from message to message. @param {KeyboardEvent} event */
  step(event) {
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    if (!by || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const all = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(':scope > article')])
    const now = all.findIndex(article => article.contains(document.activeElement))
    const next = now < 0 ? all.at(-1) : all[now + by]
    if (!next) return
    event.preventDefault()
    next.focus()
  }
}

/** @param {Row} row @param {string} room @param {HTMLElement} [old] @returns {HTMLElement} */
function draw(row, room, old) {
  if (row.kind === 'message') return drawMessage(row, room, old)
  const made = old ?? node('p', { class: row.kind })
  const words = row.kind === 'day' ? [dayName(row.at, Date.now())] : row.words
  if (made.textContent !== words.map(word => typeof word === 'string' ? word : word.name).join('')) {
    made.replaceChildren(...words.map(word => typeof word === 'string' ? word : bdi(word.name)))
  }
  return made
}

/** @type {Record<Top, (room: string) => Node[]>} */
const tops = {
  opening: room => [node('p', {}, 'Opening ', bdi(room), ' …')],
  none: () => [],
  start: room => [node('p', {}, 'This is where ', bdi(room), ' begins.')],
  more: () => [node('p', {}, 'Earlier messages …')],
  empty: room => {
    const link = linkTo(room)
    return [
      node('h2', {}, 'Nobody has said anything yet'),
      node('p', {}, 'This is ', bdi(room), ', a room for whoever has its link. Say the first word, or bring somebody:'),
      node('p', { class: 'invite' }, node('code', {}, link), copyButton('Copy link', () => link)),
    ]
  },
}

/**
 * The view of a list that scrolls: it follows the end, or stays where somebody
 * reads, whatever is added or taken away above and below.
 */
export class HeldView {
  /** The end is in view, and is to stay there. */
  following = true
  #list
  #end = true // what is the list's end was the room's end too
  #scrolled = () => {}
  #size = new ResizeObserver(() => { if (this.following) this.#toEnd() }) // a keyboard came, the composer grew

  /** @param {HTMLElement} list */
  constructor(list) { this.#list = list }

  /** @param {() => void} scrolled is called whenever the view has moved */
  start(scrolled) {
    this.#scrolled = () => {
      this.following = this.#fromEnd < FOLLOWS_WITHIN
      scrolled()
    }
    this.#list.addEventListener('scroll', this.#scrolled, { passive: true })
    this.#size.observe(this.#list)
  }

  stop() {
    this.#list.removeEventListener('scroll', this.#scrolled)
    this.#size.disconnect()
  }

  /** Goes to the end with the next change. */
  follow() { this.following = this.#end = true }

  get #fromEnd() { return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight }
  get screensFromEnd() { return this.#fromEnd / (this.#list.clientHeight || 1) }
  get nearStart() { return this.#list.scrollTop < AHEAD }
  get nearEnd() { return this.#fromEnd < AHEAD }
  get unfilled() { return this.#list.clientHeight > 0 && this.#list.scrollHeight <= this.#list.clientHeight }

  /**
   * Changes the list without moving what is read.
   * @param {() => void} change
   * @param {boolean} end whether the list's end is the room's then
   */
  hold(change, end) {
    const held = this.following && this.#end ? null : this.#firstInView()
    const top = held?.getBoundingClientRect().top ?? 0
    this.#end = end
    change()
    if (!held) this.#toEnd()
    else if (held.isConnected) this.#list.scrollTop += held.getBoundingClientRect().top - top
  }

  #firstInView() {
    const { top } = this.#list.getBoundingClientRect()
    for (const child of this.#list.querySelectorAll(':scope > article')) {
      if (child.getBoundingClientRect().bottom > top) return child
    }
    return null
  }

  #toEnd() { this.#list.scrollTop = this.#list.scrollHeight }
}

/**
 * Which of the messages in memory are in the page.
 * @param {readonly {seq: number}[]} messages in sequence
 * @param {number} oldest sequence of the first one to show; 0: the newest are shown
 * @param {number} [most]
 * @returns {{from: number, to: number}} indices, `to` not included
 */
export function shownWindow(messages, oldest, most = MOST_SHOWN) {
  if (oldest === 0) return { from: Math.max(0, messages.length - most), to: messages.length }
  const found = messages.findIndex(({ seq }) => seq >= oldest)
  const from = found < 0 ? Math.max(0, messages.length - most) : found
  return { from, to: Math.min(messages.length, from + most) }
}
