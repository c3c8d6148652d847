import { node } from './node.js'

/** @typedef {import('../sdk/chat.js').Chat} Chat */

/** Asks for a name, the first one or another one; sends 'named' when it is taken. */
export class ChatName extends HTMLElement {
  /** @type {Chat | null} */ chat = null
  /** Why the name of last time was refused. @type {import('../sdk/protocol.js').ChatError | null} */ refusal = null
  #asking = false
  #field = node('input', {
    id: 'name', type: 'text', autocomplete: 'nickname', autocapitalize: 'words', spellcheck: 'false',
    enterkeyhint: 'go', 'aria-describedby': 'name-trouble', oninput: () => this.#tell(''),
  })
  #join = node('button', { type: 'submit', class: 'main' })
  #cancel = node('button', { type: 'button', class: 'quiet', onclick: () => this.#done() }, 'Cancel')
  #trouble = node('p', { id: 'name-trouble', class: 'trouble', role: 'alert' })
  #form = node('form', { novalidate: true, onsubmit: event => this.#submitted(event), onkeydown: event => this.#pressed(event) },
    node('label', { for: 'name' }, 'Choose a name'),
    node('div', { class: 'box' }, this.#field, this.#cancel, this.#join),
    this.#trouble)

  connectedCallback() {
    const { you, remembered } = /** @type {Chat} */ (this.chat)
    const first = !you?.name
    this.#field.value = you?.name || remembered
    this.#cancel.hidden = first
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
      const { message, suggestion } = /** @type {import('../sdk/protocol.js').ChatError} */ (error)
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
