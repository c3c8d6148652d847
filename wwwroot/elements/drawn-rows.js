import { bdi, node } from './node.js'
import { dayName } from './clock.js'
import { drawMessage } from './message.js'
import { listTop } from './list-top.js'

/** @typedef {import('./rows.js').Row} Row */

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

  /** @param {Row[]} rows @param {import('./list-top.js').TopState} state @param {string} room */
  place(rows, state, room) {
    const keys = new Set(rows.map(row => row.key))
    for (const [key, old] of this.#nodes) {
      if (keys.has(key)) continue
      old.remove()
      this.#nodes.delete(key)
    }
    const top = listTop(state, room, this.#top)
    if (top !== this.#top) {
      this.#top?.remove()
      this.#list.prepend(top)
      this.#top = top
    }
    let next = top.nextSibling
    for (const row of rows) {
      const made = draw(row, room, this.#nodes.get(row.key))
      this.#nodes.set(row.key, made)
      if (made === next) next = made.nextSibling
      else this.#list.insertBefore(made, next)
    }
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
