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

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** @type {[string[], string][]} */
const KEYS = [
  [['Enter'], 'send'],
  [['Shift', 'Enter'], 'a new line'],
  [[mac ? '⌘' : 'Ctrl', 'Enter'], 'send, on any device'],
  [['Alt', '↑'], 'the room above'],
  [['Alt', '↓'], 'the room below'],
  [['Esc'], 'to the newest message'],
  [['↑', '↓'], 'from message to message, in the list'],
  [['?'], 'this help'],
]

/** @type {[string, string, keyof HTMLElementTagNameMap][]} */
const MARKS = [
  ['**bold**', 'bold', 'strong'],
  ['*italic*', 'italic', 'em'],
  ['~~gone~~', 'gone', 'del'],
  ['`code`', 'code', 'code'],
]

/** Keys and marks, as a dialog. */
export const openHelp = () => openSheet('Help', node('div', { class: 'help' },
  node('h2', {}, 'Keys'),
  node('dl', {}, ...KEYS.map(([keys, does]) => pair(keys.map(key => node('kbd', {}, key)), does))),
  node('h2', {}, 'Marks'),
  node('dl', {}, ...MARKS.map(([typed, shown, tag]) => pair([node('code', {}, typed)], node(tag, {}, shown)))),
  node('p', {}, 'A line that starts with ', node('code', {}, '>'), ' is a quote, with ', node('code', {}, '-'),
    ' a list. Code of several lines stands between two lines of ', node('code', {}, '```'), '.')))

/** @param {Node[]} keys @param {Node | string} meaning */
const pair = (keys, meaning) => node('div', {}, node('dt', {}, ...keys), node('dd', {}, meaning))
