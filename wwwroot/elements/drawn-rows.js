import { bdi, node } from './node.js'
import { copyButton } from './copy.js'
import { dayName } from './clock.js'
import { drawMessage } from './message.js'
import { linkTo } from './place.js'

/** @typedef {import('./rows.js').Row} Row */
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
