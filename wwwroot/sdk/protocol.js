// The constants of protocol/limits.go and closecodes.go that a client needs.

export const SUBPROTOCOL = 'parley.v1'
export const GENERAL_ROOM = 'general'

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
