import { disc, icon, node } from './node.js'
import { ABOUT_NAMES } from './rows.js'
import { keep } from '../sdk/session.js'

/** @import { Room } from '../sdk/room.js' */
/** @import { Chat } from '../sdk/chat.js' */
/** @import { IconName } from './node.js' */
/** @import { ChatError } from '../sdk/protocol.js' */

const COUNTED_FROM = 200 // code points before the limit at which a counter shows
const touch = matchMedia('(pointer: coarse)')

/** @param {string} room */
const draftOf = room => `parley.draft.${room}`

/** Asks for a name, the first one or another one; sends 'named' when it is taken. */
export class ChatName extends HTMLElement {
  /** @type {Chat | null} */ chat = null
  /** Why the name of last time was refused. @type {ChatError | null} */ refusal = null
  #asking = false
  #field = node('input', {
    id: 'name', type: 'text', autocomplete: 'nickname', autocapitalize: 'words', spellcheck: 'false',
    enterkeyhint: 'go', 'aria-describedby': 'name-trouble', oninput: () => this.#tell(''),
  })
  #join = node('button', { type: 'submit', class: 'main' })
  #cancel = node('button', { type: 'button', class: 'quiet', onclick: () => this.#done() }, 'Cancel')
  #trouble = node('p', { id: 'name-trouble', class: 'trouble', role: 'alert' })
  #account = node('button', { type: 'button', class: 'quiet', onclick: async () => (await import('./account.js')).openAccount(/** @type {Chat} */ (this.chat)) }, 'Sign out or erase me …')
  #form = node('form', { novalidate: true, onsubmit: event => this.#submitted(event), onkeydown: event => this.#pressed(event) },
    node('label', { for: 'name' }, 'Choose a name'),
    node('div', { class: 'box' }, this.#field, this.#cancel, this.#join),
    this.#trouble, this.#account)

  connectedCallback() {
    const { you, remembered } = /** @type {Chat} */ (this.chat)
    const first = !you?.name
    this.#field.value = you?.name || remembered
    this.#cancel.hidden = this.#account.hidden = first
    this.#join.textContent = first ? 'Join' : 'Change'
    this.#tell(this.refusal?.message ?? '', this.refusal?.suggestion)
    this.replaceChildren(this.#form)
  }

  focus() {
    this.#field.focus()
    this.#field.select()
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault()
    this.#take(this.#field.value.trim())
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== 'Escape' || this.#cancel.hidden) return
    event.stopPropagation()
    this.#done()
  }

  /** @param {string} name */
  async #take(name) {
    const chat = this.chat
    if (!chat || this.#asking) return
    if (!name) return this.#tell('A name is what the others will see. Any will do.')
    if (name === chat.you?.name) return this.#done()
    this.#asking = true
    if (chat.state !== 'online') this.#tell('Waiting for the connection …')
    try {
      await chat.rename(name)
      this.#done()
    } catch (error) {
      const { message, suggestion } = /** @type {ChatError} */ (error)
      this.#tell(message, suggestion)
      this.#field.focus()
    } finally {
      this.#asking = false
    }
  }

  #done() {
    this.refusal = null
    this.dispatchEvent(new CustomEvent('named', { bubbles: true }))
  }

  /** @param {string} sentence @param {string} [suggestion] */
  #tell(sentence, suggestion) {
    this.#field.setAttribute('aria-invalid', String(Boolean(sentence) && !this.#asking))
    this.#trouble.replaceChildren(sentence)
    if (!suggestion) return
    const take = () => { this.#field.value = suggestion; this.#take(suggestion) }
    this.#trouble.append(' ', node('button', { type: 'button', class: 'quiet', onclick: take }, 'Use ', node('bdi', {}, suggestion)))
  }
}

customElements.define('chat-name', ChatName)

/** The box at the bottom: asks for a name first, then for messages. */
export class ChatComposer extends HTMLElement {
  /** @type {Chat | null} */ #chat = null
  /** @type {Room | null} */ #room = null
  #left = new AbortController()
  #field = node('textarea', {
    rows: '1', 'aria-label': 'Message', 'aria-describedby': 'too-long', dir: 'auto', autocomplete: 'off',
    onkeydown: event => this.#pressed(event), oninput: () => this.#typed(),
  })
  #me = node('button', { type: 'button', class: 'bare', onclick: () => this.rename() })
  #send = node('button', { type: 'submit', class: 'main round', 'aria-label': 'Send', title: 'Send', onmousedown: event => event.preventDefault() }, icon('send')) // the focus stays in the text
  #size = node('p', { id: 'too-long', class: 'trouble' })
  #note = node('p', { class: 'editing', role: 'status' })
  #bar = node('p', { class: 'bar', role: 'status' })
  #editing = 0 // sequence of the message; 0: a new one is written
  #form = node('form', { onsubmit: event => this.#submitted(event) }, this.#note, this.#bar, node('div', { class: 'box' }, this.#me, this.#field, this.#send), this.#size)
  #name = new ChatName()
  #renaming = false

  constructor() {
    super()
    this.addEventListener('named', () => this.#named())
    this.addEventListener('focus', this.focus) // by the skip link
  }

  disconnectedCallback() { this.#left.abort() }

  /** @param {Chat | null} chat */
  set chat(chat) {
    this.#left.abort()
    this.#left = new AbortController()
    this.#chat = chat
    if (!chat) return
    const name = this.#name = new ChatName()
    name.chat = chat
    chat.addEventListener('you', () => this.#draw(), { signal: this.#left.signal })
    chat.addEventListener('error', event => {
      const { detail } = /** @type {CustomEvent<ChatError>} */ (event)
      if (ABOUT_NAMES.has(detail.code)) name.refusal = detail
    }, { signal: this.#left.signal })
    this.#draw()
    if (!touch.matches) this.focus()
  }

  /** @param {Room | null} room */
  set room(room) {
    if (room === this.#room) return
    this.#room = room
    this.#field.placeholder = room ? `Write to ${room.name}` : ''
    this.#write()
    if (!touch.matches && document.activeElement === document.body) this.focus()
  }

  /** Tells the room's rules. @param {string} sentence @param {boolean} barred nothing may be sent */
  tell(sentence, barred) {
    this.#bar.textContent = sentence
    this.#field.readOnly = this.#send.disabled = barred
  }

  /** Gives a message of mine another text. @param {number} seq */
  edit(seq) {
    const message = this.#room?.messages.find(message => message.seq === seq)
    if (!message || !this.#form.isConnected) return
    this.#editing = seq
    this.#note.replaceChildren('Editing your message', node('button', { type: 'button', class: 'quiet', onclick: () => this.#write() }, 'Cancel'))
    this.#offer(message.text, 'Save', 'check')
    this.focus()
  }

  /** Back to what is written anew. */
  #write() {
    this.#editing = 0
    this.#note.replaceChildren()
    this.#offer(this.#room ? keep.getItem(draftOf(this.#room.name)) ?? '' : '', 'Send', 'send')
    if (this.contains(document.activeElement)) this.focus()
  }

  /** @param {string} text @param {string} does @param {IconName} look */
  #offer(text, does, look) {
    this.#field.value = text
    this.#send.title = does
    this.#send.setAttribute('aria-label', does)
    this.#send.replaceChildren(icon(look))
    this.#measure()
  }

  /** Asks for another name. */
  rename() {
    this.#renaming = true
    this.#draw()
    this.focus()
  }

  focus() {
    if (this.#name.isConnected) this.#name.focus()
    else this.#field.focus()
  }

  get #hasName() {
    return this.#chat?.you ? this.#chat.you.name !== '' : Boolean(this.#chat?.remembered)
  }

  #draw() {
    const you = this.#chat?.you
    const name = you?.name || this.#chat?.remembered || ''
    this.#me.replaceChildren(disc(you?.id ?? '', name, true))
    this.#me.setAttribute('aria-label', `You are ${name}. Change name`)
    this.#me.title = `You are ${name}. Change name`
    const shown = this.#hasName && !this.#renaming ? this.#form : this.#name
    if (shown.isConnected) return
    const focused = this.contains(document.activeElement)
    this.replaceChildren(shown)
    this.#measure()
    if (focused) this.focus()
  }

  #named() {
    this.#renaming = false
    if (!this.#hasName) return
    this.#draw()
    this.focus()
  }

  #typed() {
    this.#measure()
    if (!this.#room || this.#editing) return
    if (this.#field.value.trim()) {
      keep.setItem(draftOf(this.#room.name), this.#field.value)
      this.#room.typingNow()
    } else {
      keep.removeItem(draftOf(this.#room.name))
    }
  }

  /** Fits the height to the text, and tells when there is too much of it. @returns {boolean} whether it may be sent */
  #measure() {
    this.#field.style.blockSize = 'auto'
    if (this.#field.value) this.#field.style.blockSize = `${this.#field.scrollHeight}px`
    const { left = COUNTED_FROM, over = false } = this.#chat?.measure(this.#field.value.trimEnd()) ?? {}
    this.#size.textContent = !over ? left < COUNTED_FROM ? `${left} characters left` : ''
      : left < 0 ? `${-left} ${left < -1 ? 'characters' : 'character'} too many for one message. Shorten it, or send it in parts.`
      : 'This is too much for one message. Shorten it, or send it in parts.'
    this.#field.setAttribute('aria-invalid', String(over))
    return !over
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing || event.keyCode === 229) return // 229: Safari ends composition before the key
    if (event.key === 'Escape' && this.#editing) {
      event.stopPropagation()
      this.#write()
    } else if (event.key === 'ArrowUp' && !this.#field.value && !this.#editing && !event.altKey) {
      const mine = this.#room?.messages.findLast(({ person, deleted, lost }) => person === this.#chat?.you?.id && !deleted && !lost)
      if (mine) event.preventDefault()
      if (mine) this.edit(mine.seq)
    }
    if (event.key !== 'Enter') return
    const always = event.ctrlKey || event.metaKey
    if (!always && (event.shiftKey || event.altKey || touch.matches)) return
    event.preventDefault()
    this.#say()
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault()
    this.#say()
  }

  #say() {
    const text = this.#field.value.trimEnd().replace(/^(\s*\n)+/, '')
    if (!text || !this.#room || this.#send.disabled || !this.#measure()) return
    try {
      if (!this.#editing) this.#room.send(text)
      else if (text !== this.#room.messages.find(({ seq }) => seq === this.#editing)?.text) this.#room.edit(this.#editing, text)
    } catch (error) {
      return void (this.#size.textContent = /** @type {Error} */ (error).message) // too many wait already
    }
    if (!this.#editing) keep.removeItem(draftOf(this.#room.name))
    this.#write()
  }
}

customElements.define('chat-composer', ChatComposer)
