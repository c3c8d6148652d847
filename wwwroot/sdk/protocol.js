// What client and server agree on: the constants of protocol/limits.go and
// closecodes.go that a client needs, the size of a text, and errors. These have two
// readers: code is for programs, message for the person.

export const SUBPROTOCOL = 'parley.v1'

/** Until welcome tells. @type {import('./types.js').Limits} */
export const DEFAULT_LIMITS = {
  frame: 32768, text: 8000, textBytes: 30720, name: 40, room: 64, rooms: 32, history: 100,
}

export const HISTORY_PAGE = 40 // messages asked for at a time

/** Close codes after which a client does not come back by itself. */
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
  'name_first', 'bad_name', 'name_taken', 'bad_room', 'not_in_room', 'too_many_rooms',
])

const encoder = new TextEncoder()

/**
 * How long a text is: code points, and bytes as it stands in JSON.
 * @param {string} text
 * @param {import('./types.js').Limits} [limits]
 * @returns {import('./types.js').Measure}
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

/** What is wrong with a text of this size, null if nothing. @param {import('./types.js').Measure} measure */
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

  /** @param {import('./types.js').Refusal} event */
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
