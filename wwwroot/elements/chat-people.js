import { bdi, copyButton, disc, node } from './node.js'
import { linkTo } from './place.js'

/** @typedef {import('../sdk/room.js').Room} Room */

/** Who is in the room: me first, then the others by name. */
export class ChatPeople extends HTMLElement {
  /** @type {import('../sdk/chat.js').Chat | null} */ chat = null
  /** @type {Room | null} */ #room = null
  #left = new AbortController()
  #list = node('ul', { role: 'list', 'aria-label': 'People', hidden: true })
  #more = node('p', { class: 'faint' })
  #invite = copyButton('Copy invite link', () => linkTo(this.#room?.name ?? ''))

  connectedCallback() {
    this.replaceChildren(node('aside', { 'aria-label': 'People here' },
      node('h2', {}, 'People'), this.#list, this.#more, this.#invite))
    this.#invite.hidden = !this.#room
  }

  disconnectedCallback() { this.room = null }

  /** @param {Room | null} room */
  set room(room) {
    if (room === this.#room) return
    this.#left.abort()
    this.#left = new AbortController()
    this.#room = room
    this.#invite.hidden = !room
    if (!room) return
    const { signal } = this.#left
    room.addEventListener('people', this.#draw, { signal })
    room.addEventListener('joined', this.#draw, { signal })
    this.chat?.addEventListener('you', this.#draw, { signal })
    this.#draw()
  }

  #draw = () => {
    const room = this.#room
    if (!room) return
    const you = this.chat?.you?.id
    const people = [...room.people.values()].sort((a, b) =>
      Number(b.id === you) - Number(a.id === you) || a.name.localeCompare(b.name, undefined, { numeric: true }))
    this.#list.replaceChildren(...people.map(({ id, name }) => this.#person(id, name, id === you)))
    this.#list.hidden = people.length === 0
    this.#more.textContent = !room.joined ? '' : sentence(people.length, room.count, people.some(({ id }) => id === you))
  }

  /** @param {string} id @param {string} name @param {boolean} mine */
  #person(id, name, mine) {
    const who = [disc(id, name, mine), node('span', { class: 'who' }, bdi(name), mine && node('span', { class: 'faint' }, ' (you)'))]
    if (!mine) return node('li', {}, ...who)
    const rename = () => this.dispatchEvent(new CustomEvent('rename', { bubbles: true }))
    return node('li', {}, node('button', { type: 'button', class: 'row', title: 'Change name', onclick: rename },
      ...who, node('span', { class: 'visually-hidden' }, ' Change name')))
  }
}

/** @param {number} shown @param {number} count @param {boolean} among whether I am one of them */
function sentence(shown, count, among) {
  if (count > shown) return shown ? `and ${count - shown} more` : `${count} here`
  if (shown === 0) return 'Nobody is here yet.'
  return shown === 1 && among ? 'Only you are here.' : ''
}

customElements.define('chat-people', ChatPeople)
