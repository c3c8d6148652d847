const FOLLOWS_WITHIN = 100 // px from the end within which the view follows it
const AHEAD = 400          // px before an edge at which more is wanted
const MOST_SHOWN = 300     // messages in the page at once

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
