import { node } from './node.js'

/** Resolves when the page has the style of what it fetched on demand. @returns {Promise<unknown>} */
export function styled() {
  const href = new URL('../later.css', import.meta.url).href
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve()
  return new Promise(done => document.head.append(node('link', { rel: 'stylesheet', href, onload: done, onerror: done })))
}
