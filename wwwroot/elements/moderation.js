// The page of a moderator: a button at each message and person, and one for the room.
import { confirm } from './account.js'
import { bdi, icon, node, part } from './node.js'
import { DAY, HOUR, MINUTE } from './orders.js'
import { openPanel } from './panel.js'
import { sheet, styled } from './styled.js'
/** @import { Chat } from '../sdk/chat.js' */
/** @import { ChatError } from '../sdk/protocol.js' */
/** @import { Action } from '../sdk/types.js' */
/** @import { ChatApp } from './chat-app.js' */

const SHIELD = 'M10 3l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V5z'

/** For how long, in ms; 0: until it is lifted. The first is proposed: a mute cools down, a ban is meant. @type {[string, number][]} */
const MUTED = [['10 minutes', 10 * MINUTE], ['1 hour', HOUR], ['1 day', DAY], ['until it is lifted', 0]]
/** @type {[string, number][]} */
const BANNED = [['until it is lifted', 0], ['1 hour', HOUR], ['1 day', DAY], ['7 days', 7 * DAY], ['30 days', 30 * DAY]]

/** @param {string} id @param {[string, number][]} spans */
const chosen = (id, spans) => node('select', { id }, ...spans.map(([label, ms]) => node('option', { value: ms }, label)))

/** @param {HTMLSelectElement} span @returns {{until?: number}} */
const until = span => Number(span.value) ? { until: Date.now() + Number(span.value) } : {}

/** Adds a moderator's controls to the page, and takes them away when the role is gone. */
export class Moderation {
  #app
  #chat
  #header = node('button', { type: 'button', class: 'bare', 'data-keep': true, 'aria-label': 'Moderation', 'aria-haspopup': 'dialog', onclick: () => this.#openPanel() }, icon('check', SHIELD))

  /** @param {ChatApp} app @param {Chat} chat */
  constructor(app, chat) {
    this.#app = app
    this.#chat = chat
    styled()
    new MutationObserver(() => this.#dress()).observe(app, { childList: true, subtree: true })
    let role = this.#role
    chat.addEventListener('you', () => {
      if (role !== this.#role) shut() // who did it is told beside it
      role = this.#role
      this.#dress()
    })
    this.#dress()
  }

  get #role() { return this.#chat.you?.role ?? 'guest' }

  #openPanel() {
    const room = this.#app.room
    if (room) openPanel(this.#chat, room)
  }

  #dress() {
    if (this.#role === 'guest') {
      for (const button of this.#app.querySelectorAll('[data-keep]')) button.remove()
      return
    }
    if (!this.#header.isConnected) part(this.#app, 'main > header [data-help]').before(this.#header)
    for (const actions of this.#app.querySelectorAll('article[data-seq] > .actions:not(:has([data-keep]))')) {
      const message = this.#message(actions)
      if (!message || message.person === this.#chat.you?.id) continue
      actions.append(this.#button(`Moderate ${message.from}`, () => this.#open(message.person, message.from, message.seq)))
    }
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.#app.querySelectorAll('li[data-person]:not(:has([data-keep]))'))) {
      const { person = '' } = item.dataset
      const name = item.querySelector('bdi')?.textContent ?? ''
      item.append(this.#button(`Moderate ${name}`, () => this.#open(person, name)))
    }
  }

  /** @param {Element} within */
  #message(within) {
    const seq = Number(/** @type {HTMLElement | null} */ (within.closest('article'))?.dataset.seq)
    return this.#app.room?.messages.find(message => message.seq === seq)
  }

  /** @param {string} label @param {() => void} run */
  #button(label, run) {
    return node('button', { type: 'button', class: 'bare', 'data-keep': true, 'aria-label': label, title: label, 'aria-haspopup': 'dialog', onclick: run }, icon('check', SHIELD))
  }

  /**
   * What may be done about a person.
   * @param {string} person @param {string} name
   * @param {number} [seq] of the message at which it was asked for, 0: none
   */
  async #open(person, name, seq = 0) {
    await styled()
    const room = this.#app.room
    if (!room) return
    const reason = node('input', { type: 'text', id: 'reason', maxlength: '200', autocomplete: 'off' })
    const muted = chosen('span', MUTED)
    const banned = chosen('ban-span', BANNED)
    const where = node('select', { id: 'where' }, node('option', { value: room.name }, `in ${room.name}`), node('option', { value: '' }, 'everywhere'))
    const address = node('input', { type: 'checkbox', id: 'address' })
    const trouble = node('p', { class: 'trouble', role: 'alert' })
    const why = () => reason.value.trim() && { reason: reason.value.trim() }
    const within = () => where.value && { room: where.value }

    /** @param {Action} action */
    const act = async action => {
      try {
        await this.#chat.act(action)
        dialog.close()
      } catch (error) {
        trouble.textContent = /** @type {ChatError} */ (error).message
      }
    }
    /** @param {string} label @param {() => void} run @param {string} [look] */
    const button = (label, run, look = 'row') => node('button', { type: 'button', class: look, onclick: run }, label)
    /** @param {string} title @param {string} does @param {() => Action} action @param {(string | Node)[]} words @param {...Node} asked */
    const sure = (title, does, action, words, ...asked) => () => {
      dialog.addEventListener('close', () => confirm(title, words, does, () => this.#chat.act(action()), ...asked))
      dialog.close()
    }

    const dialog = sheet(`Moderate ${name}`, node('div', { class: 'order', 'data-keep': true },
      node('h2', {}, bdi(name)),
      seq > 0 && button('Delete this message', () => { room.delete(seq); dialog.close() }),
      node('label', { for: 'reason' }, 'Reason, told to the person'), reason,
      node('div', { class: 'pair' },
        node('div', {}, node('label', { for: 'span' }, 'Mute for'), muted),
        node('div', {}, node('label', { for: 'where' }, 'Where'), where)),
      trouble,
      button('Mute', () => act({ type: 'mute', ...within(), person, ...until(muted), ...why() })),
      button('Kick: may come back', () => act({ type: 'kick', person, ...why() })),
      button('Ban …', sure(`Ban ${name}`, 'Ban', () => ({ type: 'ban', person, ...until(banned), ...why(), ...address.checked && { address: true } }),
        [bdi(name), ' is sent away at once and not let in again, until the ban ends or is lifted.'],
        node('label', { for: 'ban-span' }, 'For how long'), banned,
        node('div', { class: 'check' }, address, node('label', { for: 'address' }, 'Ban the address as well'))), 'row danger'),
      button('Delete all messages …', sure(`Delete all of ${name}`, 'Delete all', () => ({ type: 'purge', ...within(), person }),
        ['Every message of ', bdi(name), ' is deleted. This cannot be undone.']), 'row danger'),
      ...this.#role === 'operator' ? [
        button('Make a moderator', () => act({ type: 'appoint', person, role: 'moderator' })),
        button('Make an operator …', sure(`Make ${name} an operator`, 'Make operator', () => ({ type: 'appoint', person, role: 'operator' }),
          ['Operators may do everything here, and only another operator can take it from ', bdi(name), '.'])),
        button('Make a guest', () => act({ type: 'appoint', person, role: 'guest' })),
        button('Erase …', sure(`Erase ${name}`, 'Erase', () => ({ type: 'erase', person }),
          ['All that ', bdi(name), ' said, the name and what is known go. This cannot be undone.']), 'row danger'),
      ] : []))
  }
}

/** What was opened as a moderator ends with that role. */
function shut() {
  for (const content of document.querySelectorAll('dialog > [data-keep]')) /** @type {HTMLDialogElement} */ (content.parentElement).close()
}
