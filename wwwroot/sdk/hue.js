// A person's colour: lightness and chroma are the page's, for the contrast they need.

/**
 * A hue in degrees, 0 to 359, from the person's id alone, so that every page
 * finds the same one: FNV-1a of 32 bits over the UTF-8 bytes, modulo 360, as
 * protocol/hue.go does it.
 * @param {string} personId
 */
export const hue = (personId) => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(personId)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % 360
}
