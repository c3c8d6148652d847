import { openSheet } from './chat-app.js'
import { node } from './node.js'

/** Resolves when the page has the style of what it fetched on demand. @returns {Promise<unknown>} */
export function styled() {
  const href = new URL('../later.css', import.meta.url).href
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve()
  return new Promise(done => document.head.append(node('link', { rel: 'stylesheet', href, onload: done, onerror: done })))
}

/**
 * openSheet, after which the focus is never lost: a control that hides or goes with
 * its message meanwhile cannot get it back by itself. Then it is at what is left of
 * the message, or where one writes.
 * @type {typeof openSheet}
 */
export function sheet(title, content, place) {
  const from = /** @type {HTMLElement | null} */ (document.activeElement)
  const article = from?.closest('article')
  const dialog = openSheet(title, content, place)
  dialog.addEventListener('close', () => {
    if (document.activeElement !== document.body) return
    article?.focus()
    from?.focus()
    if (document.activeElement === document.body) document.querySelector('textarea')?.focus()
  })
  return dialog
}
