/**
 * Arrows go from article to article of the list that listens.
 * @param {KeyboardEvent} event
 */
export function stepThrough(event) {
  const list = /** @type {HTMLElement} */ (event.currentTarget)
  const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  const all = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(':scope > article')])
  const now = all.findIndex(article => article.contains(document.activeElement))
  const next = now < 0 ? all.at(-1) : all[now + step]
  if (!next) return
  event.preventDefault()
  next.focus()
}
