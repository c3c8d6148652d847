const GENERAL = 'general' // protocol.GeneralRoom: the room behind /
const MOST_RUNES = 64     // protocol.MaxRoomRunes

/**
 * The room of a path: / is general, /r/design is design.
 * @param {string} path
 */
export function roomOf(path) {
  const encoded = /^\/r\/([^/]+)\/?$/.exec(path)?.[1]
  if (!encoded) return GENERAL
  try {
    return decodeURIComponent(encoded).normalize('NFC')
  } catch {
    return GENERAL // a stray % is nobody's room
  }
}

/** @param {string} room */
export const pathOf = room => room === GENERAL ? '/' : '/r/' + encodeURIComponent(room)

/** What to send somebody who should come here. @param {string} room */
export const linkTo = room => new URL(pathOf(room), location.origin).href

/**
 * The name of a room as typed, or '' if no room can have it.
 * @param {string} typed
 */
export function roomNamed(typed) {
  const name = typed.trim().replace(/^#/, '').trim().normalize('NFC')
  return [...name].length <= MOST_RUNES && !/[/\p{C}]/u.test(name) && name !== '.' && name !== '..' ? name : ''
}
