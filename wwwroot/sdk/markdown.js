// A small subset of Markdown as plain data: paragraphs, quotes, lists, code, bold,
// italic, strike, links. What is not of it (headings, tables, images, HTML) stays
// the text that was typed, and a line is a line: no quote and no list takes in the
// one after it. Nothing is looked at more than a bounded number of times.
/** @import { Block, Inline } from './types.js' */

/** @typedef {{block: Block|null, next: number}} Found null: lines that look like a block and hold nothing */

const LONGEST = 8000 // code units; the wire's limit of code points is hardly less
const DEEPEST = 6 // quotes and lists within each other

const FENCE = /^ {0,3}(`{3,}|~{3,}) *([\w+#.-]{0,32}) *$/
const QUOTE = /^ {0,3}> ?/
// A mark of a list with something after it; three alone are a rule elsewhere, and text here.
const ITEM = /^( *)(?!([-*])([ \t]*\2){2,}[ \t]*$)(?:[-*+]|(\d{1,9})\.)[ \t]+(?=\S)/

/**
 * Blocks of inline elements. Never throws; what is too long or nests too deep is
 * one paragraph of plain text.
 * @param {string} text
 * @returns {Block[]}
 */
export const parse = (text) => {
  try {
    if (text.length <= LONGEST) return blocks(text.split('\n'), 0)
  } catch {} // too deep
  return [{ kind: 'paragraph', children: lines(text) }]
}

/** @param {string[]} all @param {number} depth @returns {Block[]} */
const blocks = (all, depth) => {
  if (depth > DEEPEST) throw new RangeError('nested too deep')
  /** @type {Block[]} */
  const made = []
  /** @type {string[]} */
  let text = []
  let empty = 0 // lines since the block before
  const finish = () => {
    if (text.length > 0) made.push({ kind: 'paragraph', children: inlines(text.join('\n')) })
    text = []
  }
  for (let i = 0; i < all.length;) {
    const { block, next } = fence(all, i) ?? quote(all, i, depth) ?? list(all, i, depth, text.length > 0) ?? { block: null, next: i + 1 }
    const blank = all[i].trim() === ''
    if (block || blank) finish()
    if (block) made.push(block)
    else if (!blank) {
      if (text.length === 0 && made.at(-1)?.kind === 'paragraph') text = Array(Math.max(0, empty - 1)).fill('')
      text.push(...all.slice(i, next))
    }
    empty = blank ? empty + 1 : 0
    i = next
  }
  finish()
  return made
}

/** Runs to the end if it is not closed. @param {string[]} all @param {number} i @returns {Found|null} */
const fence = (all, i) => {
  const [, mark, language] = FENCE.exec(all[i]) ?? []
  if (!mark) return null
  const last = new RegExp(`^ *${mark}${mark[0]}* *$`)
  let end = i + 1
  while (end < all.length && !last.test(all[end])) end++
  const text = all.slice(i + 1, end).join('\n')
  return { block: text.trim() === '' ? null : { kind: 'code', text, language }, next: Math.min(end + 1, all.length) }
}

/** @param {string[]} all @param {number} i @param {number} depth @returns {Found|null} */
const quote = (all, i, depth) => {
  let next = i
  while (next < all.length && QUOTE.test(all[next])) next++
  if (next === i) return null
  const inner = all.slice(i, next).map((line) => line.replace(QUOTE, ''))
  return { block: inner.join('').trim() === '' ? null : { kind: 'quote', children: blocks(inner, depth + 1) }, next }
}

/** Two spaces more than the mark belong to the item. Within a paragraph only 1 begins a list. @param {string[]} all @param {number} i @param {number} depth @param {boolean} within @returns {Found|null} */
const list = (all, i, depth, within) => {
  const first = item(all[i])
  if (!first || (within && first.number > 1)) return null
  /** @type {string[][]} */
  const items = []
  let [next, width] = [i, 0]
  for (; i < all.length; i++) {
    const indent = all[i].search(/\S/)
    const one = item(all[i])
    if (indent < 0 || (indent >= first.indent + 2 && items.length > 0)) items.at(-1)?.push(all[i].slice(Math.min(indent, width)))
    else if (one?.ordered === first.ordered) {
      width = one.width
      items.push([all[i].slice(width)])
    } else break
    if (indent >= 0) next = i + 1
  }
  const { ordered, number: start } = first
  return { block: { kind: 'list', ordered, start, items: items.map((inner) => blocks(inner, depth + 1)) }, next }
}

/** @param {string} line */
const item = (line) => {
  const found = ITEM.exec(line)
  return found && { indent: found[1].length, width: found[0].length, ordered: Boolean(found[4]), number: Number(found[4] ?? 1) }
}

// What stands within a paragraph: bold, italic, strike, code, links and breaks.

const MOST_OPEN = 20 // marks and brackets that wait for their other half; the oldest becomes text
const MOST_PARENTHESES = 32 // within each other in an address, as in CommonMark

// A backslash is hidden only before what it takes its meaning from, so that C:\\ stays C:\\.
const TOKEN = /\\[*_~`[\]]|`+|\*+|_+|~+|!?\[|\]|\n|<https?:\/\/[^\s<>]+>|(?<![a-z0-9])(?:https?:\/\/|www\.(?=\w))(?:(?!\]\()[^\s<>`])*/gi
const AFTER_ADDRESS = '?!.,:;*_~\'"]}’”»。，、！？'

/** @param {string} text @returns {Inline[]} */
export const inlines = (text) => new Reader(text).read()

/**
 * Reads a paragraph from left to right. A mark that may open waits as text, in
 * #open, until one closes it; what stands between becomes its children.
 */
class Reader {
  /** @type {Inline[]} */
  #nodes = []
  /** @type {{mark: string, node: number, from: number, left: number, closes: boolean}[]} node: its index; from: its place in the text */
  #open = []
  #lonely = new Set() // runs of backticks that nothing closes
  #text

  /** @param {string} text */
  constructor(text) { this.#text = text }

  read() {
    const token = new RegExp(TOKEN)
    let done = 0
    for (let found; (found = token.exec(this.#text)); token.lastIndex = done) {
      this.#say(this.#text.slice(done, found.index))
      done = this.#take(found[0], found.index)
    }
    this.#say(this.#text.slice(done))
    return merged(this.#nodes)
  }

  /** @param {string} text */
  #say(text) { this.#nodes.push({ kind: 'text', text }) }

  /** @param {string} token @param {number} at */
  #take(token, at) { // returns where to go on
    const end = at + token.length
    switch (token[0]) {
      case '\n': this.#nodes.push({ kind: 'break' }); return end
      case '\\': this.#say(token[1]); return end
      case '`': return this.#code(token, end)
      case '*': case '_': case '~': this.#mark(token, at, end); return end
      case '!': case '[': this.#wait(token, at, 0, false); return end
      case ']': return this.#bracket(at)
      case '<': return this.#address(token.slice(1, -1), at, end)
      default: return this.#address(bare(token), at, at + bare(token).length)
    }
  }

  /** @param {string} mark @param {number} from @param {number} left @param {boolean} closes */
  #wait(mark, from, left, closes) {
    if (this.#open.length === MOST_OPEN) this.#open.shift()
    this.#open.push({ mark: left > 0 ? mark[0] : mark, node: this.#nodes.length, from, left, closes })
    this.#say(mark)
  }

  /** A mark opens before a word and closes after one; within a word only a star does, as in CommonMark. @param {string} run @param {number} at @param {number} end */
  #mark(run, at, end) {
    const [mark, before, after] = [run[0], this.#text[at - 1] ?? ' ', this.#text[end] ?? ' ']
    const whole = mark === '~' ? run.length === 2 : run.length < 4
    const opens = whole && after.trim() !== '' && (mark !== '_' || !/[\p{L}\p{N}]/u.test(before))
    const closes = whole && before.trim() !== '' && (mark !== '_' || !/[\p{L}\p{N}]/u.test(after))
    let left = run.length
    while (closes && left > 0) {
      const i = this.#open.findLastIndex((o) => o.mark === mark && !((o.closes || opens) && o.left + left === 3))
      if (i < 0) break
      const opener = this.#open[i]
      const size = Math.min(2, left, opener.left)
      const children = merged(this.#nodes.splice(opener.node + 1))
      opener.left -= size
      left -= size
      this.#nodes[opener.node] = { kind: 'text', text: mark.repeat(opener.left) }
      this.#nodes.push({ kind: mark === '~' ? 'del' : size === 2 ? 'strong' : 'em', children })
      this.#open.length = opener.left > 0 ? i + 1 : i
    }
    if (opens && left > 0) this.#wait(mark.repeat(left), at, left, closes)
    else this.#say(mark.repeat(left))
  }

  /** What stands between two runs of as many backticks, its line breaks kept. @param {string} run @param {number} end */
  #code(run, end) {
    const runs = /`+/g
    runs.lastIndex = end
    let next = null
    if (!this.#lonely.has(run)) do next = runs.exec(this.#text); while (next && next[0] !== run)
    if (!next) this.#lonely.add(run)
    const text = this.#text.slice(end, next?.index ?? end)
    if (text.trim() === '') {
      this.#say(run)
      return end
    }
    this.#nodes.push({ kind: 'code', text: /^ .* $/s.test(text) ? text.slice(1, -1) : text })
    return runs.lastIndex
  }

  /** The end of a link's text, or of an image's, which stays text. @param {number} at */
  #bracket(at) {
    const i = this.#open.findLastIndex(({ left }) => left === 0)
    const opener = this.#open[i]
    const end = opener && this.#text[at + 1] === '(' ? closing(this.#text, at + 2) : -1
    const href = end < 0 ? '' : safe(this.#text.slice(at + 2, end))
    if (opener?.mark === '![' && end >= 0) {
      this.#nodes.splice(opener.node, Infinity, ...lines(this.#text.slice(opener.from, end + 1)))
      this.#open.length = i
    } else if (href !== '' && this.#text.slice(opener.from + 1, at).trim() !== '') {
      const [, ...children] = this.#nodes.splice(opener.node)
      this.#nodes.push({ kind: 'link', href, children: merged(unlinked(children)) })
      this.#open = this.#open.slice(0, i).filter(({ left }) => left > 0) // no link within a link
    } else {
      if (opener) this.#open.splice(i, 1)
      this.#say(']')
      return at + 1
    }
    return end + 1
  }

  /** @param {string} text @param {number} at @param {number} end */
  #address(text, at, end) {
    const href = safe(/^www/i.test(text) ? `http://${text}` : text)
    if (href === '') this.#say(this.#text.slice(at, end))
    else this.#nodes.push({ kind: 'link', href, children: [{ kind: 'text', text }] })
    return end
  }
}

/** Where the parenthesis opened before closes, -1 if it doesn't in this line. @param {string} text @param {number} i */
const closing = (text, i) => {
  for (let depth = 1; i < text.length && text[i] !== '\n' && depth <= MOST_PARENTHESES; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')' && --depth === 0) return i
  }
  return -1
}

/** Without the sentence's punctuation and parentheses that it did not open. @param {string} address */
const bare = (address) => {
  let spare = address.split(')').length - address.split('(').length
  let end = address.length
  while (AFTER_ADDRESS.includes(address[end - 1]) || (address[end - 1] === ')' && spare-- > 0)) end--
  return address.slice(0, end)
}

/** @param {Inline[]} all @returns {Inline[]} */
const unlinked = (all) => all.flatMap((one) => one.kind === 'link' ? one.children
  : 'children' in one ? [{ ...one, children: unlinked(one.children) }] : [one])

/** Text with its line breaks. @param {string} text @returns {Inline[]} */
export const lines = (text) => merged(text.split(/(\n)/).map((part) => (part === '\n' ? { kind: 'break' } : { kind: 'text', text: part })))

/** Neighbouring texts become one, empty ones none. @param {Inline[]} all @returns {Inline[]} */
const merged = (all) => {
  /** @type {Inline[]} */
  const made = []
  for (const one of all) {
    const last = made.at(-1)
    if (one.kind !== 'text') made.push(one)
    else if (last?.kind === 'text') made[made.length - 1] = { kind: 'text', text: last.text + one.text }
    else if (one.text !== '') made.push(one)
  }
  return made
}

/** The address, if it is one of the web; '' otherwise. @param {string} href */
const safe = (href) => (/^https?:\/\/[^\s<>]+$/i.test(href) && URL.canParse(href) ? new URL(href).href : '')
