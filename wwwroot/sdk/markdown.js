// A safe subset of Markdown as plain data: bold, italic, strike, code, quotes,
// lists, links. marked reads it; what it makes beyond that (headings, tables,
// images, HTML, reference definitions) is switched off, so that it stays the
// text that was typed. Its HTML is never used.
import { Lexer, Tokenizer } from '../vendor/marked-18.2.1.js'

/** @typedef {import('./types.js').Inline} Inline */
/** @typedef {import('./types.js').Block} Block */
/** @typedef {Record<string, any>} Token */

const LONGEST = 8000 // code units; the wire's limit of code points is hardly less
const DEEPEST = 6 // quotes and lists within each other
const MOST_WORK = 2_000_000 // code units looked ahead, all attempts together: under 100 ms for the worst that was found

const never = /(?!)/
const neverBegins = () => never
// A backslash is hidden only before what it takes its meaning from, so that C:\\ stays C:\\.
const escape = /^\\([*_~`[\]])/

/**
 * Blocks of inline elements. Never throws; what would take too long, or nests
 * too deep, is one paragraph of plain text.
 * @param {string} text
 * @returns {Block[]}
 */
export const parse = (text) => {
  if (text.length > LONGEST) return plain(text)
  try {
    return blocks(lexer().lex(text))
  } catch {
    return plain(text)
  }
}

/** marked's lexer with the rules that are not ours switched off. */
const lexer = () => {
  const made = new Lexer({ gfm: true, breaks: true, tokenizer: new Bounded() })
  const { block, inline, other } = made.tokenizer.rules
  made.tokenizer.rules = {
    block: { ...block, code: never, def: never, heading: never, html: never, lheading: never, table: never },
    inline: { ...inline, escape, nolink: never, reflink: never, tag: never },
    other: { ...other, headingBeginRegex: neverBegins, htmlBeginRegex: neverBegins, listIsTask: never },
  }
  return made
}

/** Counts the work, since some inputs cost the square of their length, and the depth. */
class Bounded extends Tokenizer {
  #work = 0
  #depth = 0

  /** Looking ahead costs what is left, where it begins with a mark at all. @param {string} src @param {string} marks */
  #count(src, marks) {
    if (!marks.includes(src[0])) return
    this.#work += src.length
    if (this.#work > MOST_WORK) throw new RangeError('too much work')
  }

  /** @template T @param {string} src @param {() => T} read @returns {T} */
  #nest(src, read) {
    this.#count(src, src[0])
    if (this.#depth >= DEEPEST) throw new RangeError('nested too deep')
    this.#depth++
    const token = read()
    this.#depth--
    return token
  }

  /** @param {string} src */
  blockquote(src) { return this.#nest(src, () => super.blockquote(src)) }
  /** @param {string} src */
  list(src) { return this.#nest(src, () => super.list(src)) }
  /** @param {string} src @param {string} masked @param {string} [before] */
  emStrong(src, masked, before) { this.#count(src, '*_'); return super.emStrong(src, masked, before) }
  /** @param {string} src @param {string} masked @param {string} [before] */
  del(src, masked, before) { this.#count(src, '~'); return super.del(src, masked, before) }
  /** @param {string} src */
  link(src) { this.#count(src, '[!<'); return super.link(src) }
  /** @param {string} src */
  codespan(src) { this.#count(src, '`'); return super.codespan(src) }
}

/** @param {string} text @returns {Block[]} */
const plain = (text) => (text === '' ? [] : [{ kind: 'paragraph', children: lines(text) }])

/** Text with its line breaks. @param {string} text @returns {Inline[]} */
const lines = (text) => text.split('\n').flatMap((line, i) => [
  .../** @type {Inline[]} */ (i > 0 ? [{ kind: 'break' }] : []),
  .../** @type {Inline[]} */ (line !== '' ? [{ kind: 'text', text: line }] : []),
])

/** @param {Token[]} tokens @returns {Block[]} */
const blocks = (tokens) => {
  /** @type {Block[]} */
  const made = []
  let newlines = 2 // between the block before and this one
  for (const token of tokens) {
    if (token.type === 'space') newlines += count(token.raw)
    else {
      add(made, block(token), newlines)
      newlines = /\n*$/.exec(token.raw)?.[0].length ?? 0
    }
  }
  return made
}

/** What marked took apart at a heading or a table is one paragraph again; further empty lines stay. @param {Block[]} made @param {Block} block @param {number} newlines */
const add = (made, block, newlines) => {
  const last = made.at(-1)
  if (last?.kind !== 'paragraph' || block.kind !== 'paragraph') made.push(block)
  else if (newlines < 2) last.children = merged([...last.children, { kind: 'break' }, ...block.children])
  else made.push({ kind: 'paragraph', children: [.../** @type {Inline[]} */ (Array(newlines - 2).fill({ kind: 'break' })), ...block.children] })
}

/** @param {Token} token @returns {Block} */
const block = (token) => {
  if (token.type === 'paragraph' || token.type === 'text') return { kind: 'paragraph', children: inlines(token.tokens ?? [token]) }
  if (token.type === 'code' && token.text !== '') return { kind: 'code', text: token.text.replace(/\n$/, ''), language: language(token.lang) }
  if (token.type === 'blockquote') {
    const children = blocks(token.tokens)
    if (children.length > 0) return { kind: 'quote', children }
  }
  if (token.type === 'list') {
    /** @type {Block[][]} */
    const items = token.items.map((/** @type {Token} */ item) => blocks(item.tokens))
    if (items.some((item) => item.length > 0)) return { kind: 'list', ordered: token.ordered === true, start: token.start === '' ? 1 : token.start, items }
  }
  return { kind: 'paragraph', children: lines(token.raw.replace(/\n+$/, '')) }
}

/** @param {Token[]} tokens @returns {Inline[]} */
const inlines = (tokens) => merged(tokens.flatMap(inline))

/** @param {Token} token @returns {Inline[]} */
const inline = (token) => {
  switch (token.type) {
    case 'strong': case 'em': case 'del': return [{ kind: token.type, children: inlines(token.tokens) }]
    case 'codespan': return [{ kind: 'code', text: code(token.raw) }]
    case 'escape': return [{ kind: 'text', text: token.text }]
    case 'br': return lines(token.raw)
    case 'link': {
      const href = safe(token.href)
      return href !== '' ? [{ kind: 'link', href, children: inlines(token.tokens) }] : lines(token.raw)
    }
    default: return lines(token.raw)
  }
}

/** Neighbouring texts become one. @param {Inline[]} all @returns {Inline[]} */
const merged = (all) => all.reduce((/** @type {Inline[]} */ made, next) => {
  const last = made.at(-1)
  if (last?.kind === 'text' && next.kind === 'text') made[made.length - 1] = { kind: 'text', text: last.text + next.text }
  else made.push(next)
  return made
}, [])

/** What stands between the backticks, its line breaks kept. @param {string} raw */
const code = (raw) => {
  const text = raw.replace(/^`+|`+$/g, '')
  return /^[ \n].*[^ \n].*[ \n]$/s.test(text) ? text.slice(1, -1) : text
}

/** @param {string|undefined} info */
const language = (info) => /^[\w+#.-]{1,32}/.exec(info ?? '')?.[0] ?? ''

/** The address, if it is one of the web; '' otherwise. @param {string} href */
const safe = (href) => {
  if (!/^https?:\/\//i.test(href) || !URL.canParse(href)) return ''
  const { protocol, href: address } = new URL(href)
  return protocol === 'https:' || protocol === 'http:' ? address : ''
}

/** @param {string} text */
const count = (text) => text.split('\n').length - 1
