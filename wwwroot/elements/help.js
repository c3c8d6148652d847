// Asked for by few: the page fetches it when somebody does.
import { openSheet } from './chat-app.js'
import { node } from './node.js'
import { styled } from './styled.js'

const mac = /Mac|iPhone|iPad/.test(navigator.userAgent)

/** @type {[string[], string][]} */
const KEYS = [
  [['Enter'], 'send'],
  [['Shift', 'Enter'], 'a new line'],
  [[mac ? '⌘' : 'Ctrl', 'Enter'], 'send, on any device'],
  [['↑'], 'edit your last message, when nothing is written'],
  [['Alt', '↑'], 'the room above'],
  [['Alt', '↓'], 'the room below'],
  [['Esc'], 'to the newest message, or out of editing'],
  [['↑', '↓'], 'from message to message, in the list'],
  [['E'], 'edit your message there'],
  [['Delete'], 'delete it'],
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
export const openHelp = async () => styled().then(() => openSheet('Help', node('div', { class: 'help' },
  node('h2', {}, 'Keys'),
  node('dl', {}, ...KEYS.map(([keys, does]) => pair(keys.map(key => node('kbd', {}, key)), does))),
  node('h2', {}, 'Marks'),
  node('dl', {}, ...MARKS.map(([typed, shown, tag]) => pair([node('code', {}, typed)], node(tag, {}, shown)))),
  node('p', {}, 'A line that starts with ', node('code', {}, '>'), ' is a quote, with ', node('code', {}, '-'),
    ' a list. Code of several lines stands between two lines of ', node('code', {}, '```'), '.'))))

/** @param {Node[]} keys @param {Node | string} meaning */
const pair = (keys, meaning) => node('div', {}, node('dt', {}, ...keys), node('dd', {}, meaning))
