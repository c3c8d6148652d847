import { hue } from '../sdk/hue.js'
import { initials } from './initials.js'
import { node } from './node.js'

/**
 * The small disc by which people are told apart. The name stands beside it, so
 * it has none of its own, nor text that could be copied or read out.
 * @param {string} person id
 * @param {string} name
 * @param {boolean} [mine] in the accent instead of the person's hue
 */
export function disc(person, name, mine = false) {
  const made = node('span', { class: mine ? 'disc mine' : 'disc', 'aria-hidden': 'true', 'data-initials': initials(name) })
  made.style.setProperty('--person', String(hue(person)))
  return made
}
