/**
 * @param {string} text
 * @returns {import('./types.js').Block[]}
 */
export const parse = (text) => [{
  kind: 'paragraph',
  children: text.split('\n').flatMap((line, i) => /** @type {import('./types.js').Inline[]} */ ([
    ...(i > 0 ? [{ kind: 'break' }] : []), { kind: 'text', text: line },
  ])),
}]
