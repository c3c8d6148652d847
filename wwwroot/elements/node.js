import { hue } from '../sdk/people.js'

const DONE_FOR = 2000 // ms that a button says "Copied"

/**
 * Builds a node. Strings become text nodes, never markup. A property that is a
 * function listens to the event of its name without "on"; `true` is an empty
 * attribute, `false` and null none; the rest are attributes.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any> & Partial<GlobalEventHandlers>} [properties]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function node(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value)
    else if (value !== false && value != null) made.setAttribute(name, value === true ? '' : String(value))
  }
  made.append(...children.filter(child => child != null && child !== false))
  return made
}

/**
 * The one descendant that the element's own markup is known to have.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {E}
 */
export function part(parent, selector) {
  const found = parent.querySelector(selector)
  if (!found) throw new Error(`no ${selector} in the page`)
  return /** @type {E} */ (found)
}

/**
 * A name as people wrote it, which cannot reorder the text around it.
 * @param {string} name
 */
export const bdi = name => node('bdi', { dir: 'auto' }, name)

// Drawn on a grid of 20, without fill, by strokes of 1.5 px. An icon has no name
// of its own: the control around it has.
const PATHS = {
  rooms: 'M3 5h14M3 10h14M3 15h9',
  people: 'M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c0-2.8 2.2-4.5 5.5-4.5s5.5 1.7 5.5 4.5M13 3.8a3 3 0 0 1 0 5.4M15 12.3c1.9.6 3 2.1 3 4.2',
  help: 'M7.3 7.5A2.7 2.7 0 0 1 10 5c1.6 0 2.7 1 2.7 2.4 0 2.1-2.7 2.1-2.7 4.1M10 14.9v.1',
  send: 'M10 16.5v-13M4.5 9 10 3.5 15.5 9',
  down: 'M10 3.5v13M4.5 11l5.5 5.5 5.5-5.5',
  edit: 'M12.5 4.5l3 3L7 16H4v-3z',
  delete: 'M3.5 5.5h13M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11',
  copy: 'M7 7h9.5v9.5H7zM13 7V3.5H3.5V13H7',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4l2.5 2',
  check: 'M4 10.5 8 14.5 16 6',
  close: 'M5 5l10 10M15 5 5 15',
}
const SVG = 'http://www.w3.org/2000/svg'

/** @typedef {keyof typeof PATHS} IconName */

/** @param {IconName} name @param {string} [drawn] */
export function icon(name, drawn = PATHS[name]) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 20 20')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', drawn)
  svg.append(path)
  return svg
}

const letters = 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

/** @param {string} word */
const first = word => letters ? [...letters.segment(word)][0]?.segment ?? '' : [...word][0] ?? ''

/**
 * The small disc by which people are told apart. The name stands beside it, so
 * it has none of its own, nor text that could be copied or read out.
 * @param {string} person id
 * @param {string} name
 * @param {boolean} [mine] in the accent instead of the person's hue
 */
export function disc(person, name, mine = false) {
  const made = node('span', { class: mine ? 'disc mine' : 'disc', 'aria-hidden': 'true', 'data-initials': initials(name) })
  made.style.setProperty('--person', String(hue(person)))
  return made
}

/**
 * One or two letters that stand for a name: "Ada Lovelace" AL, "ada" A, "alice-2" A2.
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/[^\p{L}\p{N}\p{M}\p{S}\u200d\ufe0f]+/u).filter(Boolean)
  if (words.length === 0) return first(name.trim()) || '?'
  const last = words.length > 1 ? words[words.length - 1] : ''
  return (first(words[0]) + first(last)).toLocaleUpperCase()
}

/**
 * A button that copies.
 * @param {string} label
 * @param {() => string} text what, asked for when it is pressed
 * @param {{icon?: IconName, class?: string}} [look] an icon instead of the label
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

const GENERAL = 'general' // protocol.GeneralRoom: the room behind /
const MOST_RUNES = 64     // protocol.MaxRoomRunes

/**
 * The room of a path: / is general, /r/design is design; '' if there can be no such room.
 * @param {string} path
 */
export function roomOf(path) {
  const encoded = /^\/r\/([^/]+)\/?$/.exec(path)?.[1]
  if (!encoded) return GENERAL
  try {
    return possible(decodeURIComponent(encoded))
  } catch {
    return '' // a stray %
  }
}

/** @param {string} name @returns {string} as it is on the wire, '' if no room can have it */
function possible(name) {
  name = name.normalize('NFC')
  return [...name].length <= MOST_RUNES && !/[/\p{C}]/u.test(name) && !/^\.?\.?$|^\s|\s$/.test(name) ? name : ''
}

/** @param {string} room */
export const pathOf = room => room === GENERAL ? '/' : '/r/' + encodeURIComponent(room)

/** What to send somebody who should come here. @param {string} room */
export const linkTo = room => new URL(pathOf(room), location.origin).href

/** The name of a room as typed, or '' if no room can have it. @param {string} typed */
export const roomNamed = typed => possible(typed.trim().replace(/^#/, '').trim())
