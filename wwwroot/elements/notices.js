// What a guest sees of moderation: fetched when there is some.
import { ending, sentence, span } from './orders.js'
/** @import { Chat } from '../sdk/chat.js' */
/** @import { Room } from '../sdk/room.js' */
/** @import { Moderated, RoomRules } from '../sdk/types.js' */
/** @import { ChatComposer } from './chat-composer.js' */

const SECOND = 1000 // ms

/** Tells in the list what was done, if it concerns me or the room in view. @param {Chat} chat @param {Moderated} done @param {string} room */
export function tell(chat, done, room) {
  const mine = done.person === chat.you?.id
  if (done.id === '' && !mine && done.room !== room) return
  say(chat, sentence(done, chat.you?.id, room))
}

/** A line in the list that is no message. @param {Chat} chat @param {string} text */
export const say = (chat, text) => chat.dispatchEvent(new CustomEvent('notice', { detail: { code: 'moderated', text } }))

/** Why I may not speak in a room, '' if I may. @param {RoomRules} rules */
function barred({ muted, locked, until, reason }) {
  if (muted) return `You are muted${ending({ until, reason })}`
  return locked ? `Only moderators speak here${ending({ until, reason })}` : ''
}

/**
 * Keeps the composer to the rules of a room, from now on.
 * @param {Chat} chat @param {Room} room @param {ChatComposer} composer @param {AbortSignal} signal ends it
 */
export function obey(chat, room, composer, signal) {
  let timer = 0
  let goes = 0 // ms since 1970, when what slow mode holds up is sent
  const draw = () => {
    clearTimeout(timer)
    const { refusal, rules } = room
    const guest = (chat.you?.role ?? 'guest') === 'guest'
    const reason = refusal?.message || guest && barred(rules) || ''
    if (reason || !guest || !rules.slow) return composer.tell(reason, reason !== '')
    const left = goes - Date.now()
    if (left > 0) timer = window.setTimeout(draw, left % SECOND || SECOND)
    composer.tell(`Slow mode: one message in ${span(rules.slow)}.${left > 0 ? ` Yours goes in ${span(left)}.` : ''}`, false)
  }
  const held = () => {
    const waits = room.pending.find(({ error }) => error?.code === 'slow_mode')
    if (!waits) goes = 0
    else if (goes < Date.now()) goes = Date.now() + (waits.error?.after ?? 0)
    draw()
  }
  room.addEventListener('rules', draw, { signal })
  room.addEventListener('pending', held, { signal })
  chat.addEventListener('you', draw, { signal })
  signal.addEventListener('abort', () => { clearTimeout(timer); composer.tell('', false) })
  held()
}
