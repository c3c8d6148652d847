import { icon, node } from './node.js'

const DONE_FOR = 2000 // ms that a button says "Copied"

/**
 * A button that copies.
 * @param {string} label
 * @param {() => string} text what, asked for when it is pressed
 * @param {{icon?: import('./node.js').IconName, class?: string}} [look] an icon instead of the label
 */
export function copyButton(label, text, look = {}) {
  const button = node('button', { type: 'button', class: look.class ?? 'quiet' })
  const rest = () => {
    button.replaceChildren(look.icon ? icon(look.icon) : label)
    if (look.icon) name(label)
  }
  /** @param {string} now */
  const name = now => { button.setAttribute('aria-label', now); button.title = now }
  button.addEventListener('click', async () => {
    const done = await copy(text())
    button.replaceChildren(look.icon && done ? icon('check') : done ? 'Copied' : 'Could not copy')
    if (look.icon) name(done ? 'Copied' : 'Could not copy')
    setTimeout(rest, DONE_FOR)
  })
  rest()
  return button
}

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it is in the clipboard
 */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelecting(text) // http:// on a local network has no navigator.clipboard
  }
}

/** @param {string} text */
function copyBySelecting(text) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement)
  const field = node('textarea', { class: 'visually-hidden', 'aria-hidden': 'true', tabindex: '-1' })
  field.value = text
  ;(before?.closest('dialog') ?? document.body).append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  before?.focus({ preventScroll: true })
  return done
}
