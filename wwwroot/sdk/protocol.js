// What client and server agree on: the constants of protocol/limits.go and
// closecodes.go that a client needs, the size of a text, and errors. These have two
// readers: code is for programs, message for the person.
/** @import { Change, Limits, Measure, Message, Person, Refusal, RoomRules, ServerEvent, You } from './types.js' */

export const SUBPROTOCOL = 'parley.v1'

/** Until welcome tells. @type {Limits} */
export const DEFAULT_LIMITS = {
  frame: 32768, text: 8000, textBytes: 30720, name: 40, room: 64, rooms: 32, history: 100,
}

export const HISTORY_PAGE = 40 // messages asked for at a time

/** Close codes after which a client stays away. */
export const FINAL_CLOSES = new Set([
  1008, // a limit was passed persistently
  4001, // signed out or kicked
  4003, // banned
])

/** Close codes that the message in flight may have caused: it isn't sent again by itself. */
export const BLAMED_CLOSES = new Set([1008, 1009])

/**
 * Error codes that answer an action. Any other, without an id, may be the
 * reason for a close that follows.
 */
export const ANSWERS_ACTION = new Set([
  'malformed', 'unknown_type', 'bad_field', 'too_large', 'hello_first', 'hello_twice', 'not_plain',
  'name_first', 'bad_name', 'name_taken', 'bad_room', 'not_in_room', 'too_many_rooms', 'name_reserved',
  'muted', 'locked', 'slow_mode', 'not_allowed', 'bad_link', 'invitation_needed', 'no_such_person',
])

/** Errors after which a client stays away, whatever time they tell. */
export const FINAL_CODES = new Set(['kicked', 'banned', 'signed_out'])

const encoder = new TextEncoder()

/**
 * How long a text is: code points, and bytes as it stands in JSON.
 * @param {string} text
 * @param {Limits} [limits]
 * @returns {Measure}
 */
export const measure = (text, limits = DEFAULT_LIMITS) => {
  let runes = 0
  for (const _ of text) runes++
  const bytes = encoder.encode(JSON.stringify(text)).length
  return {
    runes,
    bytes,
    over: runes > limits.text || bytes > limits.textBytes,
    left: limits.text - runes,
  }
}

/** What is wrong with a text of this size, null if nothing. @param {Measure} measure */
export const tooLarge = ({ runes, left, over }) => over
  ? new ChatError('too_large', left < 0
    ? `A message may have ${(runes + left).toLocaleString('en')} characters; this one has ${runes.toLocaleString('en')}.`
    : 'This message is too large to be sent. Make it shorter.')
  : null

/** Half a surrogate pair cannot be sent: JSON would carry it, UTF-8 cannot. @param {string} text */
export const wellFormed = (text) => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** An error event of the server, or one found before anything was sent. */
export class ChatError extends Error {
  /**
   * @param {string} code as in protocol/errors.go, or 'unanswered', 'unconnected', 'busy' of our own
   * @param {string} message a sentence that says what to do
   * @param {{retry?: boolean, after?: number, suggestion?: string}} [more]
   */
  constructor(code, message, { retry = false, after = 0, suggestion = '' } = {}) {
    super(message)
    this.name = 'ChatError'
    this.code = code
    /** The same may succeed later, unchanged. */
    this.retry = retry
    /** ms to wait before trying, or coming, again; 0: not told. */
    this.after = after
    /** name_taken: a name that is free; else ''. */
    this.suggestion = suggestion
  }

  /** @param {Refusal} event */
  static of(event) {
    return new ChatError(event.code, event.message, event)
  }
}

/**
 * Tells the listeners of target.
 * @param {EventTarget} target
 * @param {string} type
 * @param {unknown} [detail]
 */
export const emit = (target, type, detail) => target.dispatchEvent(new CustomEvent(type, { detail }))

// Frames come from outside: each field is checked here, once, so that nobody
// behind needs to. What is not understood is ignored; nothing here throws.

/** @typedef {Record<string, unknown>} Fields */

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '')
/** @param {unknown} value */
const number = (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0)
/** @param {unknown} value @returns {value is Fields} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
/** @param {unknown} value @returns {Fields[]} */
const objects = (value) => (Array.isArray(value) ? value.filter(isObject) : [])

/** @param {Fields} f @returns {Person} */
const person = (f) => ({ id: text(f.id), name: text(f.name), color: number(f.color) % 360 })
/** @param {unknown} value */
const people = (value) => objects(value).map(person).filter(({ id }) => id !== '')

/** @param {Fields} f @returns {Message} */
const message = (f) => ({
  seq: number(f.seq), id: text(f.id), from: text(f.from), person: text(f.person), text: text(f.text), at: number(f.at),
  ...(number(f.edited) > 0 && { edited: number(f.edited) }),
  ...(f.deleted === true && { deleted: true }),
  ...(f.lost === true && { lost: true }),
})

/** @param {Fields} f @returns {Change} */
const change = (f) => ({
  type: f.type === 'delete' ? 'delete' : 'edit', seq: number(f.seq), target: number(f.target), text: text(f.text),
  id: text(f.id), person: text(f.person), at: number(f.at),
})

/** @param {Fields} f */
const page = (f) => {
  const from = number(f.from)
  const to = number(f.to)
  /** @param {{seq: number}} entry */
  const within = ({ seq }) => seq >= from && seq <= to
  /** @param {{seq: number}} a @param {{seq: number}} b */
  const bySequence = (a, b) => a.seq - b.seq
  return {
    id: text(f.id), room: text(f.room), epoch: text(f.epoch), floor: number(f.floor), head: Math.max(number(f.head), to),
    from, to, complete: f.complete !== false, more: f.more === true,
    messages: objects(f.messages).map(message).filter(within).sort(bySequence),
    changes: objects(f.changes).map(change).filter(within).sort(bySequence),
  }
}

/** @param {Fields} f @returns {Limits|null} */
const limits = (f) => {
  const all = {
    frame: number(f.frame), text: number(f.text), textBytes: number(f.textBytes), name: number(f.name),
    room: number(f.room), rooms: number(f.rooms), history: number(f.history),
  }
  return Object.values(all).every((limit) => limit > 0) ? all : null
}

const TEXTS = ['id', 'do', 'room', 'person', 'name', 'address', 'role', 'key', 'link', 'reason', 'detail', 'by', 'byName']
const NUMBERS = ['seq', 'until', 'every', 'uses', 'days', 'messages', 'at']
/** All that moderation tells, what is missing as '' or 0. @param {Fields} f @returns {any} */
const order = (f) => Object.fromEntries([...TEXTS.map((name) => [name, text(f[name])]), ...NUMBERS.map((name) => [name, number(f[name])])])
/** @param {unknown} f @returns {You|null} */
const you = (f) => isObject(f) && text(f.id) ? { ...person(f), role: text(f.role) } : null
/** @param {Fields} f @returns {RoomRules} */
const rules = (f) => ({ locked: f.locked === true, invited: f.invited === true, muted: f.muted === true, slow: number(f.slow), until: number(f.until), reason: text(f.reason) })

/** What each type is made of. A null says that the frame makes no sense. @type {Record<string, (f: Fields) => ServerEvent|null>} */
const events = {
  welcome: (f) => {
    const me = you(f.you)
    return me ? {
      type: 'welcome', id: text(f.id), you: me, session: text(f.session), server: text(f.server),
      limits: isObject(f.limits) ? limits(f.limits) : null,
      rooms: Array.isArray(f.rooms) ? f.rooms.filter((room) => typeof room === 'string') : [],
    } : null
  },
  joined: (f) => {
    const { from, to, ...rest } = page(f)
    return rest.epoch && from > 0 && to >= from - 1
      ? { type: 'joined', from, to, ...rest, people: people(f.people), count: number(f.count), rules: rules(isObject(f.rules) ? f.rules : {}) } : null
  },
  history: (f) => {
    const { from, to, ...rest } = page(f)
    return rest.epoch && from > 0 && to >= from - 1 ? { type: 'history', from, to, ...rest } : null
  },
  message: (f) => (number(f.seq) > 0 ? { type: 'message', room: text(f.room), ...message(f) } : null),
  edit: (f) => (number(f.seq) > 0 ? { room: text(f.room), ...change(f) } : null),
  delete: (f) => (number(f.seq) > 0 ? { room: text(f.room), ...change(f) } : null),
  left: (f) => ({ type: 'left', id: text(f.id), room: text(f.room) }),
  presence: (f) => ({
    type: 'presence', room: text(f.room), joined: people(f.joined), left: people(f.left), count: number(f.count),
  }),
  typing: (f) => ({ type: 'typing', room: text(f.room), person: text(f.person), name: text(f.name) }),
  renamed: (f) => ({ type: 'renamed', id: text(f.id), person: text(f.person), from: text(f.from), to: text(f.to) }),
  rooms: (f) => ({
    type: 'rooms', id: text(f.id),
    rooms: objects(f.rooms).map((r) => ({ room: text(r.room), head: number(r.head), count: number(r.count) })),
  }),
  pong: (f) => ({
    type: 'pong', id: text(f.id),
    rooms: objects(f.rooms).map((r) => ({ room: text(r.room), epoch: text(r.epoch), head: number(r.head) })),
  }),
  notice: (f) => ({ type: 'notice', id: text(f.id), code: text(f.code), text: text(f.text) }),
  moderated: (f) => ({ ...order(f), type: 'moderated' }),
  moderation: (f) => ({ type: 'moderation', id: text(f.id), rules: objects(f.rules).map(order) }),
  audit: (f) => ({ type: 'audit', id: text(f.id), acts: objects(f.acts).map(order), more: f.more === true }),
  invitation: (f) => ({ ...order(f), type: 'invitation' }),
  session: (f) => {
    const me = you(f.you)
    return me && { type: 'session', id: text(f.id), you: me, session: text(f.session) }
  },
  erased: (f) => ({ type: 'erased', person: text(f.person) }),
  error: (f) => ({
    type: 'error', id: text(f.id), code: text(f.code), message: text(f.message), retry: f.retry === true,
    after: number(f.after), suggestion: text(f.suggestion),
  }),
}

/**
 * Reads a frame. Null: nothing that we know. API Gateway answers an action
 * whose function failed with an object of its own, {"message": "Internal server
 * error", …} without a type: that becomes 'unanswered'.
 * @param {unknown} frame
 * @returns {ServerEvent|null}
 */
export const decode = (frame) => {
  if (typeof frame !== 'string') return null
  try {
    const fields = JSON.parse(frame)
    if (!isObject(fields)) return null
    if (!('type' in fields) && typeof fields.message === 'string') return { type: 'unanswered' }
    return typeof fields.type === 'string' && Object.hasOwn(events, fields.type) ? events[fields.type](fields) : null
  } catch {
    return null
  }
}
