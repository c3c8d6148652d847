import { hue } from '../sdk/hue.js'
import { node } from './node.js'

const letters = 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

/** @param {string} word */
const first = word => letters ? [...letters.segment(word)][0]?.segment ?? '' : [...word][0] ?? ''

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

/**
 * One or two letters that stand for a name: "Ada Lovelace" AL, "ada" A, "alice-2" A2.
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/[^\p{L}\p{N}\p{M}\p{S}\u200d\ufe0f]+/u).filter(Boolean)
  if (words.length === 0) return first(name.trim()) || '?'
  const last = words.length > 1 ? words[words.length - 1] : ''
  return (first(words[0]) + first(last)).toLocaleUpperCase()
}
