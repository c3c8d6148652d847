import { icon, node } from './node.js'

/**
 * Opens a dialog over the page. Esc, a tap beside it and its own button close
 * it; then it is gone, and the focus back where it was.
 * @param {string} title
 * @param {Node} content
 * @param {{side?: 'start' | 'end', into?: Element}} [place] a sheet at a side, else a dialog in the middle
 * @returns {HTMLDialogElement}
 */
export function openSheet(title, content, { side, into = document.body } = {}) {
  const dialog = node('dialog', { class: side ? `sheet ${side}` : 'sheet', 'aria-label': title },
    node('button', { type: 'button', class: 'bare close', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close')),
    content)
  dialog.addEventListener('click', event => { if (event.target === dialog) dialog.close() })
  dialog.addEventListener('close', () => dialog.remove())
  into.append(dialog)
  dialog.showModal()
  return dialog
}
