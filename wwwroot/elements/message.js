import { bdi, icon, node, part } from './node.js'
import { copyButton } from './copy.js'
import { disc } from './disc.js'
import { fullDateOf, timeOf } from './clock.js'
import { linkTo } from './place.js'
import { prose } from './prose.js'

/** @typedef {import('./rows.js').Said} Said */

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
