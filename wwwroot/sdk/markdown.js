// A small subset of Markdown as plain data: paragraphs, quotes, lists, code, bold,
// italic, strike, links. What is not of it (headings, tables, images, HTML) stays
// the text that was typed, and a line is a line: no quote and no list takes in the
// one after it. Nothing is looked at more than a bounded number of times.
import { inlines, lines } from './inline.js'

/** @typedef {import('./types.js').Block} Block */
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
