// What one may do about oneself besides taking another name.
import { bdi, node } from './node.js'
import { sheet, styled } from './styled.js'
/** @import { Chat } from '../sdk/chat.js' */
/** @import { ChatError } from '../sdk/protocol.js' */

/**
 * A question before what cannot be undone. The focus is on the way back.
 * @param {string} title
 * @param {(string | Node)[]} words
 * @param {string} does the label of the button that does it
 * @param {() => Promise<unknown>} run rejects ChatError
 * @param {...Node} asked what is to be filled in for it
 */
export async function confirm(title, words, does, run, ...asked) {
  await styled()
  const trouble = node('p', { class: 'trouble', role: 'alert' })
  const back = node('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel')
  const go = node('button', { type: 'button', class: 'main danger', onclick: async () => {
    go.disabled = true
    await run().then(() => dialog.close(), error => { trouble.textContent = /** @type {ChatError} */ (error).message })
    go.disabled = false
  } }, does)
  const dialog = sheet(title, node('div', { class: 'order' }, node('h2', {}, title), node('p', {}, ...words), ...asked, trouble, node('div', { class: 'row-of' }, back, go)))
  back.focus()
  return dialog
}

/** @param {Chat} chat */
export async function openAccount(chat) {
  await styled()
  const name = chat.you?.name ?? ''
  const signOut = () => confirm('Sign out', ['Your name ', bdi(name), ' becomes free for others. What you said stays.'], 'Sign out', () => ended(chat.act({ type: 'sign_out' })))
  const erase = () => confirm('Erase me', ['All that ', bdi(name), ' said, the name and what is known about you go, for everybody. This cannot be undone.'], 'Erase me', () => ended(chat.act({ type: 'erase' })))
  const dialog = sheet('About you', node('div', { class: 'order' },
    node('h2', {}, 'You are ', bdi(name)),
    node('button', { type: 'button', class: 'row', onclick: () => { dialog.close(); signOut() } }, 'Sign out, in all windows'),
    node('button', { type: 'button', class: 'row danger', onclick: () => { dialog.close(); erase() } }, 'Erase me and all I said')))
}

/** Who signs out loses the connection before there is an answer, and that is it. @param {Promise<unknown>} asked */
const ended = asked => asked.catch(error => {
  if (!['signed_out', 'unconnected'].includes(error.code)) throw error
})
