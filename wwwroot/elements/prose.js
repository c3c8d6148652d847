import { parse } from '../sdk/markdown.js'
import { copyButton } from './copy.js'
import { node } from './node.js'

/** @typedef {import('../sdk/types.js').Block} Block */
/** @typedef {import('../sdk/types.js').Inline} Inline */

const MOST_LARGE = 8 // emoji in a message that are still shown larger
const emoji = /^(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Emoji_Modifier}|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3|[\u200d\u{e0020}-\u{e007f}]|\s)+$/u

/**
 * Is a text emoji and nothing else, and few of them?
 * @param {string} text
 */
export const onlyEmoji = text =>
  text.trim() !== '' && emoji.test(text) && (text.match(/\p{Emoji_Presentation}|\ufe0f/gu)?.length ?? 0) <= MOST_LARGE

/**
 * The text of a message as nodes.
 * @param {string} text
 * @returns {HTMLElement}
 */
export const prose = text => node('div', { class: onlyEmoji(text) ? 'prose large' : 'prose' }, ...parse(text).map(block))

/** @param {Block} of @returns {HTMLElement} */
function block(of) {
  switch (of.kind) {
    case 'quote': return node('blockquote', { dir: 'auto' }, ...of.children.map(block))
    case 'code': return code(of.text, of.language)
    case 'list': {
      const items = of.items.map(item => node('li', { dir: 'auto' }, ...item.map(block)))
      return of.ordered ? node('ol', { start: of.start, dir: 'auto' }, ...items) : node('ul', { dir: 'auto' }, ...items)
    }
    default: return node('p', { dir: 'auto' }, ...of.children.map(inline))
  }
}

/** @param {Inline} of @returns {Node} */
function inline(of) {
  switch (of.kind) {
    case 'strong':
    case 'em':
    case 'del': return node(of.kind, {}, ...of.children.map(inline))
    case 'code': return node('code', {}, of.text)
    case 'break': return node('br')
    case 'link': return node('a', { href: of.href, target: '_blank', rel: 'noopener nofollow ugc' }, ...of.children.map(inline))
    default: return document.createTextNode(of.text)
  }
}

/** @param {string} text @param {string} language */
function code(text, language) {
  const label = language ? `Code, ${language}` : 'Code'
  return node('div', { class: 'code' },
    node('pre', { tabindex: '0', role: 'group', 'aria-label': label, dir: 'ltr' }, node('code', {}, text)),
    copyButton('Copy code', () => text, { icon: 'copy', class: 'bare' }))
}
