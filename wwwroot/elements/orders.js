// What moderators do, in words, and how it is taken back. No page, no connection.
import { timeOf } from './rows.js'
/** @import { Act, Action, Ruling } from '../sdk/types.js' */

export const MINUTE = 60 * 1000 // ms
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A name within a sentence, which cannot reorder the text around it. @param {string} name */
const isolated = name => `\u2068${name}\u2069`

const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit' })

/** "14:05", or with its date if it isn't within a day. @param {number} at ms since 1970 @param {number} now ms since 1970 */
const clock = (at, now) => at - now < DAY ? timeOf(at).map(({ value }) => value).join('') : date.format(at)

/** " until 14:05: too loud." @param {{until?: number, reason?: string}} of @param {number} [now] ms since 1970 */
export const ending = ({ until = 0, reason = '' }, now = Date.now()) =>
  `${until ? ` until ${clock(until, now)}` : ''}${reason ? `: ${/[.!?]$/.test(reason) ? reason : reason + '.'}` : '.'}`

/** "10 s", "5 min", "1 h" @param {number} ms */
export const span = ms => ms < MINUTE ? `${Math.ceil(ms / 1000)} s` : ms < HOUR ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / HOUR)} h`

/** What was done to whom; `them` is a name or "you". @type {Record<string, (them: string, of: Ruling) => string>} */
const DEEDS = {
  mute: them => `muted ${them}`,
  unmute: them => `let ${them} speak again`,
  ban: (them, { address }) => `banned ${address || them}`,
  unban: them => `lifted the ban of ${them}`,
  kick: them => `asked ${them} to leave`,
  delete: them => `deleted a message of ${them}`,
  purge: (them, { messages }) => `deleted what ${them} said${messages ? ` (${messages})` : ''}`,
  erase: () => 'erased a person',
  appoint: (them, { role }) => `made ${them} ${article(role)}`,
  lock: () => 'locked the room',
  unlock: () => 'unlocked the room',
  slow: (_, { every }) => `set slow mode: one message in ${span(every)}`,
  unslow: () => 'ended slow mode',
  invited: () => 'made the room one by invitation',
  uninvited: () => 'opened the room to all',
  invite: (_, { uses }) => `made an invitation${uses ? ` for ${uses}` : ''}`,
  link: () => 'followed an invitation',
  revoke: () => 'revoked an invitation',
  creation: (_, { role }) => role === 'guest' ? 'let everybody begin rooms' : `let only ${role}s begin rooms`,
  uncreation: () => 'let everybody begin rooms',
  retain: (_, { days, messages }) => days || messages
    ? `set what is kept: ${[days && `${days} days`, messages && `the newest ${messages} messages`].filter(Boolean).join(' and ')}` : 'set what is kept: all',
  unretain: (_, { room }) => room ? 'set what is kept: as in all rooms' : 'set what is kept: all',
}

/** @param {string} role */
export const article = role => role === 'operator' ? 'an operator' : `a ${role}`

/**
 * "Ada muted Bo in design until 14:05: too loud."
 * @param {Ruling} of
 * @param {string} [you] id of who reads it
 * @param {string} [room] in which it is read: it needs no name
 */
export function sentence(of, you = '', room = '') {
  const them = of.person && of.person === you ? 'you' : of.name ? isolated(of.name) : 'somebody'
  const deed = of.do === 'appoint' && of.by === of.person ? `became ${article(of.role)}` : DEEDS[of.do]?.(them, of) ?? of.do
  const where = of.room && of.room !== room ? ` in ${isolated(of.room)}` : ''
  const by = of.by && of.by === you ? 'You' : of.byName ? isolated(of.byName) : 'Somebody'
  return `${by} ${deed}${where}${ending(of)}`
}

/** An act of the audit log as a line. @param {Act} act */
export const line = ({ byName, do: what, name, room, detail }) =>
  `${isolated(byName)}: ${what}${name ? ` ${isolated(name)}` : ''}${room ? ` in ${isolated(room)}` : ''}${detail ? ` (${detail})` : ''}`

/** The action that takes a rule back. @param {Ruling} of @returns {Action} */
export function lift({ do: type, room, person, key }) {
  switch (type) {
    case 'invite': return { type: 'revoke', key }
    case 'creation': return { type, role: 'guest' }
    case 'appoint': return { type, person, role: 'guest' }
    case 'invited': return { type, room, on: false }
    case 'slow': return { type, room, every: 0 }
    case 'retain': return { type, ...room && { room, default: true } }
    default: return { type, ...room && { room }, ...person && { person }, until: 0 }
  }
}
