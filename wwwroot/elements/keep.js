/**
 * What this browser remembers for us. Where it remembers nothing (private mode,
 * storage full or forbidden) the page's own memory does until the page closes.
 * @type {Map<string, string>}
 */
const memory = new Map()

export const keep = {
  /** @param {string} key @returns {string | null} */
  getItem(key) {
    try {
      return localStorage.getItem(key) ?? memory.get(key) ?? null
    } catch {
      return memory.get(key) ?? null
    }
  },

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    try {
      localStorage.setItem(key, value)
      memory.delete(key)
    } catch {
      memory.set(key, value)
    }
  },

  /** @param {string} key */
  removeItem(key) {
    memory.delete(key)
    try {
      localStorage.removeItem(key)
    } catch {
      // it was not there
    }
  },
}
