/** Makes ids of actions: random for each tab, then counted. @param {() => number} random @returns {() => string} */
export const ids = (random) => {
  const tab = Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join('')
  let count = 0
  return () => `${tab}-${++count}`
}
