import { bdi, copyButton, disc, icon, linkTo, node, part } from './node.js'
import { dayName, fullDateOf, timeOf } from './rows.js'
import { parse } from '../sdk/markdown.js'
/** @import { Row, Said } from './types.js' */
/** @import { Block, Inline } from '../sdk/types.js' */

const FAILED = { message: '', edit: 'Not changed. ', delete: 'Not deleted. ' }
const MOST_LARGE = 8 // emoji in a message that are still shown larger
const QUIET = { deleted: 'This message was deleted.', leaving: 'This message was deleted.', lost: 'This message was damaged where it was stored and cannot be shown.' }

/** What was drawn last into an article. @type {WeakMap<HTMLElement, Said>} */
const drawn = new WeakMap()

/**
 * Draws a message, the first time or again. The article stays the same from
 * pending to said, so that nothing moves and nothing is read out twice.
 * @param {Said} said
 * @param {string} room
 * @param {HTMLElement} [article] to draw into
 */
export function drawMessage(said, room, article = node('article', { tabindex: '-1' })) {
  const before = drawn.get(article)
  drawn.set(article, said)
  article.id = said.seq ? `m${said.seq}` : ''
  data(article, 'seq', said.seq ? String(said.seq) : '')
  data(article, 'state', said.state)
  data(article, 'follows', said.follows ? 'true' : '')
  const focused = article.contains(document.activeElement)
  const anew = before?.text !== said.text || gone(before) !== gone(said) || before.mine !== said.mine
  if (anew) {
    article.replaceChildren(...gone(said) ? [node('p', { class: 'gone' }, gone(said))] : content(said, article, room))
  } else if (!gone(said)) {
    if (before.at !== said.at) part(article, 'time').replaceWith(time(said.at))
    if (before.from !== said.from || before.person !== said.person) part(article, 'header').replaceWith(header(said))
  }
  if (anew || before.state !== said.state || before.reason !== said.reason) {
    article.querySelector('.fate')?.remove()
    article.append(...fate(said))
  }
  if (focused && !article.contains(document.activeElement)) (article.querySelector('button') ?? article).focus({ preventScroll: true })
  return article
}

/** @param {HTMLElement} article @param {string} name @param {string} value */
function data(article, name, value) {
  if (value) article.dataset[name] = value
  else delete article.dataset[name]
}

/** @param {Said | undefined} said */
const gone = said => said && said.state in QUIET ? QUIET[/** @type {keyof typeof QUIET} */ (said.state)] : ''

/** @param {Said} said @param {HTMLElement} article @param {string} room */
const content = (said, article, room) => [header(said), prose(said.text), actions(said, article, room)]

/** @param {Said} said */
const header = said => node('header', {},
  disc(said.person, said.from, said.mine),
  node('span', { class: 'name' }, bdi(said.from || 'erased person')), ' ',
  time(said.at))

/** @param {number} at */
const time = at => node('time', { datetime: new Date(at).toISOString(), title: fullDateOf(at) },
  ...timeOf(at).map(({ type, value }) => type === 'dayPeriod' ? node('span', {}, value) : value))

/** @param {Said} said @param {HTMLElement} article @param {string} room */
const actions = ({ mine }, article, room) => node('div', { class: 'actions', role: 'group', 'aria-label': 'Message actions' },
  mine && act('edit', 'Edit'),
  mine && act('delete', 'Delete'),
  copyButton('Copy text', () => drawn.get(article)?.text ?? '', { icon: 'copy', class: 'bare' }),
  copyButton('Copy link', () => `${linkTo(room)}#${article.id}`, { icon: 'link', class: 'bare said' }))

/** @param {'edit' | 'delete'} what @param {string} label */
const act = (what, label) => node('button', { type: 'button', class: 'bare said', 'data-do': what, 'aria-label': label, title: label }, icon(what))

/** What became of a message that is not simply said. @param {Said} said @returns {HTMLElement[]} */
function fate(said) {
  /** @param {string} label @param {string} what */
  const button = (label, what) => node('button', { type: 'button', class: 'quiet', 'data-do': what, 'data-id': said.id }, label)
  if (said.state === 'leaving') return [node('div', { class: 'fate' }, button('Undo', 'undo'))]
  if (said.state === 'edited') return [node('p', { class: 'fate' }, 'edited')]
  if (said.state === 'queued') return [node('p', { class: 'fate' }, icon('clock'), 'Will be sent when the connection is back')]
  if (said.state !== 'failed') return []
  return [node('div', { class: 'fate' },
    node('p', {}, FAILED[said.doing], said.reason),
    button('Retry', 'retry'), copyButton('Copy', () => said.text), button('Discard', 'discard'))]
}

const emoji = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Emoji_Modifier}|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3|[\u200d\u{e0020}-\u{e007f}]|\s)+$/u

/**
 * Is a text emoji and nothing else, and few of them?
 * @param {string} text
 */
export const onlyEmoji = text =>
  text.trim() !== '' && emoji.test(text) && (text.match(/\p{Emoji_Presentation}|\ufe0f/gu)?.length ?? 0) <= MOST_LARGE

/**
 * The text of a message as nodes.
 * @param {string} text
 * @returns {HTMLElement}
 */
export const prose = text => node('div', { class: onlyEmoji(text) ? 'prose large' : 'prose' }, ...parse(text).map(block))

/** @param {Block} of @returns {HTMLElement} */
function block(of) {
  switch (of.kind) {
    case 'quote': return node('blockquote', { dir: 'auto' }, ...of.children.map(block))
    case 'code': return code(of.text, of.language)
    case 'list': {
      const items = of.items.map(item => node('li', { dir: 'auto' }, ...item.map(block)))
      return of.ordered ? node('ol', { start: of.start, dir: 'auto' }, ...items) : node('ul', { dir: 'auto' }, ...items)
    }
    default: return node('p', { dir: 'auto' }, ...of.children.map(inline))
  }
}

/** @param {Inline} of @returns {Node} */
function inline(of) {
  switch (of.kind) {
    case 'strong':
    case 'em':
    case 'del': return node(of.kind, {}, ...of.children.map(inline))
    case 'code': return node('code', {}, of.text)
    case 'break': return node('br')
    case 'link': return node('a', { href: of.href, target: '_blank', rel: 'noopener nofollow ugc' }, ...of.children.map(inline))
    default: return document.createTextNode(of.text)
  }
}

/** @param {string} text @param {string} language */
function code(text, language) {
  const label = language ? `Code, ${language}` : 'Code'
  return node('div', { class: 'code' },
    node('pre', { tabindex: '0', role: 'group', 'aria-label': label, dir: 'ltr' }, node('code', {}, text)),
    copyButton('Copy code', () => text, { icon: 'copy', class: 'bare' }))
}

const FOLLOWS_WITHIN = 100 // px from the end within which the view follows it
const AHEAD = 400          // px before an edge at which more is wanted
const MOST_SHOWN = 300     // messages in the page at once

/** @typedef {'opening' | 'none' | 'empty' | 'start' | 'more'} Top what stands above the first row */

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

  /** @param {Row[]} rows @param {Top} state @param {string} room */
  place(rows, state, room) {
    for (const row of rows) {
      const pending = row.kind === 'message' ? this.#nodes.get(row.was) : null
      if (!pending || row.kind !== 'message') continue
      this.#nodes.delete(row.was)
      this.#nodes.set(row.key, pending)
    }
    const keys = new Set(rows.map(row => row.key))
    for (const [key, old] of this.#nodes) {
      if (keys.has(key)) continue
      old.remove()
      this.#nodes.delete(key)
    }
    if (this.#top?.dataset.state !== state) {
      this.#top?.remove()
      this.#top = node('div', { class: 'top', 'data-state': state }, ...tops[state](room))
      this.#list.prepend(this.#top)
    }
    let next = /** @type {HTMLElement} */ (this.#top).nextSibling
    for (const row of rows) {
      const made = draw(row, room, this.#nodes.get(row.key))
      this.#nodes.set(row.key, made)
      if (made === next) next = made.nextSibling
      else this.#list.insertBefore(made, next)
    }
  }

  /** Arrows go from message to message; e edits one of mine, Delete deletes it. @param {KeyboardEvent} event */
  step(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const { activeElement } = document
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    const what = event.key === 'e' ? 'edit' : event.key === 'Delete' ? 'delete' : ''
    const all = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(':scope > article')])
    const now = all.findIndex(article => article.contains(activeElement))
    const button = what ? /** @type {HTMLElement | null} */ (all[now]?.querySelector(`[data-do=${what}]`)) : null
    const next = now < 0 ? all.at(-1) : all[now + by]
    if (by ? !next : !button) return
    event.preventDefault()
    if (by) next?.focus()
    else button?.click()
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

/** @type {Record<Top, (room: string) => Node[]>} */
const tops = {
  opening: room => [node('p', {}, 'Opening ', bdi(room), ' …')],
  none: () => [],
  start: room => [node('p', {}, 'This is where ', bdi(room), ' begins.')],
  more: () => [node('p', {}, 'Earlier messages …')],
  empty: room => {
    const link = linkTo(room)
    return room === '' ? [
      node('h2', {}, 'There is no such room'),
      node('p', {}, 'A room\u2019s name has at most 64 characters and no slash. ', node('a', { href: '/' }, 'Go to general')),
    ] : [
      node('h2', {}, 'Nobody has said anything yet'),
      node('p', {}, 'This is ', bdi(room), ', a room for whoever has its link. Say the first word, or bring somebody:'),
      node('p', { class: 'invite' }, node('code', {}, link), copyButton('Copy link', () => link)),
    ]
  },
}

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
