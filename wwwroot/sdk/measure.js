// A text is measured before it is sent: what is too long is explained, never cut.
import { ChatError } from './error.js'
import { DEFAULT_LIMITS } from './protocol.js'

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
