import { bdi, node } from './node.js'
import { copyButton } from './copy.js'
import { linkTo } from './place.js'

/** @typedef {'opening' | 'empty' | 'start' | 'more'} TopState */

/**
 * What stands above the first message of a room.
 * @param {TopState} state
 * @param {string} room
 * @param {HTMLElement | null} old
 * @returns {HTMLElement} the old one if it says that already
 */
export function listTop(state, room, old) {
  if (old?.dataset.state === state) return old
  return node('div', { class: 'top', 'data-state': state }, ...content[state](room))
}

/** @type {Record<string, (room: string) => Node[]>} */
const content = {
  opening: room => [node('p', {}, 'Opening ', bdi(room), ' …')],
  start: room => [node('p', {}, 'This is where ', bdi(room), ' begins.')],
  more: () => [node('p', {}, 'Earlier messages …')],
  empty: room => {
    const link = linkTo(room)
    return [
      node('h2', {}, 'Nobody has said anything yet'),
      node('p', {}, 'This is ', bdi(room), ', a room for whoever has its link. Say the first word, or bring somebody:'),
      node('p', { class: 'invite' }, node('code', {}, link), copyButton('Copy link', () => link)),
    ]
  },
}
