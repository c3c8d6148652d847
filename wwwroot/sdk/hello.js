// The first action of a connection, and what it gives up when it is refused.

/**
 * What a hello may carry.
 * @typedef {{name: boolean, rooms: boolean, link: boolean}} Wishes
 */

/** @type {Wishes} */
export const ALL = { name: true, rooms: true, link: true }

/**
 * @param {object} have
 * @param {string} have.id
 * @param {string} have.session
 * @param {string} have.name
 * @param {string} have.link
 * @param {import('./types.js').Position[]} have.rooms
 * @param {Wishes} wishes
 * @returns {import('./types.js').Action}
 */
export const hello = ({ id, session, name, link, rooms }, wishes) => ({
  type: 'hello',
  id,
  ...(wishes.name && name !== '' && { name }),
  ...(session !== '' && { session }),
  ...(wishes.link && link !== '' && { link }),
  ...(wishes.rooms && rooms.length > 0 && { rooms }),
})

/**
 * What to wish for after a refusal. A name that is taken must not keep anybody
 * from reading, nor one bad room from the others, which are joined one by one then.
 * @param {Wishes} wishes
 * @param {string} code of the error
 * @returns {Wishes|null} null: there is nothing to give up
 */
export const concede = (wishes, code) => {
  if (code === 'name_taken' || code === 'bad_name') return wishes.name ? { ...wishes, name: false } : null
  if (code === 'bad_room' || code === 'too_many_rooms') return wishes.rooms ? { ...wishes, rooms: false } : null
  if (code === 'bad_field') return wishes.name || wishes.rooms || wishes.link ? { name: false, rooms: false, link: false } : null
  return null
}
