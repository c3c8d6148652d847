export const MOST_SHOWN = 300 // messages in the page at once

/**
 * Which of the messages in memory are in the page.
 * @param {readonly {seq: number}[]} messages in sequence
 * @param {number} oldest sequence of the first one to show; 0: the newest are shown
 * @param {number} [most]
 * @returns {{from: number, to: number}} indices, `to` not included
 */
export function shownWindow(messages, oldest, most = MOST_SHOWN) {
  if (oldest === 0) return { from: Math.max(0, messages.length - most), to: messages.length }
  const found = messages.findIndex(({ seq }) => seq >= oldest)
  const from = found < 0 ? Math.max(0, messages.length - most) : found
  return { from, to: Math.min(messages.length, from + most) }
}
