/**
 * Builds a node. Strings become text nodes, never markup. A property that is a
 * function listens to the event of its name without "on"; `true` is an empty
 * attribute, `false` and null none; the rest are attributes.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function node(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value)
    else if (value !== false && value != null) made.setAttribute(name, value === true ? '' : String(value))
  }
  made.append(...children.filter(child => child != null && child !== false))
  return made
}

/**
 * The one descendant that the element's own markup is known to have.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {E}
 */
export function part(parent, selector) {
  const found = parent.querySelector(selector)
  if (!found) throw new Error(`no ${selector} in the page`)
  return /** @type {E} */ (found)
}

/**
 * A name as people wrote it, which cannot reorder the text around it.
 * @param {string} name
 */
export const bdi = name => node('bdi', { dir: 'auto' }, name)
