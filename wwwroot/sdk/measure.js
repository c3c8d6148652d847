// A text is measured before it is sent: what is too long is explained, never cut.
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
