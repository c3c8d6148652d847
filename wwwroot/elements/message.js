import { bdi, copyButton, disc, icon, linkTo, node, part } from './node.js'
import { fullDateOf, timeOf } from './rows.js'
import { parse } from '../sdk/markdown.js'
/** @import { Said } from './types.js' */
/** @import { Block, Inline } from '../sdk/types.js' */

const MOST_LARGE = 8 // emoji in a message that are still shown larger
const QUIET = { deleted: 'This message was deleted.', lost: 'This message was damaged where it was stored and cannot be shown.' }

/** What was drawn last into an article. @type {WeakMap<HTMLElement, Said>} */
const drawn = new WeakMap()

/**
 * Draws a message: live, from history or pending, the first time or again. The
 * article stays the same from pending to said, so that nothing moves and nothing
 * is read out twice.
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
  if (before?.text !== said.text || gone(before) !== gone(said)) {
    article.replaceChildren(...gone(said) ? [node('p', { class: 'gone' }, gone(said))] : content(said, article, room))
  } else if (!gone(said)) {
    if (before.at !== said.at) part(article, 'time').replaceWith(time(said.at))
    if (before.from !== said.from || before.person !== said.person) part(article, 'header').replaceWith(header(said))
  }
  if (before?.state !== said.state || before.reason !== said.reason) {
    article.querySelector('.fate')?.remove()
    article.append(...fate(said))
  }
  return article
}

/** @param {HTMLElement} article @param {string} name @param {string} value */
function data(article, name, value) {
  if (value) article.dataset[name] = value
  else delete article.dataset[name]
}

/** @param {Said | undefined} said */
const gone = said => said && (said.state === 'deleted' || said.state === 'lost') ? QUIET[said.state] : ''

/** @param {Said} said @param {HTMLElement} article @param {string} room */
const content = (said, article, room) => [header(said), prose(said.text), actions(article, room)]

/** @param {Said} said */
const header = said => node('header', {},
  disc(said.person, said.from, said.mine),
  node('span', { class: 'name' }, bdi(said.from)), ' ',
  time(said.at))

/** @param {number} at */
const time = at => node('time', { datetime: new Date(at).toISOString(), title: fullDateOf(at) }, timeOf(at))

/** Reply, edit and delete will stand first. @param {HTMLElement} article @param {string} room */
const actions = (article, room) => node('div', { class: 'actions', role: 'group', 'aria-label': 'Message actions' },
  copyButton('Copy text', () => drawn.get(article)?.text ?? '', { icon: 'copy', class: 'bare' }),
  copyButton('Copy link', () => `${linkTo(room)}#${article.id}`, { icon: 'link', class: 'bare link' }))

/** What became of a message that is not simply said. @param {Said} said @returns {HTMLElement[]} */
function fate(said) {
  if (said.state === 'edited') return [node('p', { class: 'fate' }, 'edited')]
  if (said.state === 'queued') return [node('p', { class: 'fate' }, icon('clock'), 'Will be sent when the connection is back')]
  if (said.state !== 'failed') return []
  /** @param {string} label @param {string} what */
  const button = (label, what) => node('button', { type: 'button', class: 'quiet', 'data-do': what, 'data-id': said.id }, label)
  return [node('div', { class: 'fate' },
    node('p', {}, said.reason || 'This was not sent.'),
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
