const letters = 'Segmenter' in Intl ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

/** @param {string} word */
const first = word => letters ? [...letters.segment(word)][0]?.segment ?? '' : [...word][0] ?? ''

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
