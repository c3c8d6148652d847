import test from 'node:test'
import assert from 'node:assert/strict'
import { parse } from '../../sdk/markdown.js'
import { seeded } from './fake.js'

/** A short way to write what parse gives. */
const inline = (i) => ({
  text: () => i.text, break: () => '⏎', code: () => `code(${i.text})`,
  strong: () => `strong(${all(i)})`, em: () => `em(${all(i)})`, del: () => `del(${all(i)})`, link: () => `link<${i.href}>(${all(i)})`,
})[i.kind]()
const all = ({ children }) => children.map(inline).join('')
const block = (b) => ({
  paragraph: () => all(b), quote: () => `quote(${b.children.map(block).join(' | ')})`, code: () => `pre:${b.language}(${b.text})`,
  list: () => `${b.ordered ? `ol${b.start}` : 'ul'}(${b.items.map((item) => item.map(block).join(' | ')).join('; ')})`,
})[b.kind]()
const short = (text) => parse(text).map(block).join(' | ')

const cases = [
  // what is Markdown here
  ['**b** *i* _i_ ~~s~~ `c`', 'strong(b) em(i) em(i) del(s) code(c)'],
  ['***both***', 'em(strong(both))'],
  ['snake_case_name', 'snake_case_name'],
  ['a\nb\n\nc', 'a⏎b | c'],
  ['a\n\n\n\nb', 'a | ⏎⏎b'],
  ['    four\n    spaces', '    four⏎    spaces'],
  ['``a`b`` `x\ny`', 'code(a`b) code(x\ny)'],
  ['```go\nx := `1`\n\n**not bold**\n```\nafter', 'pre:go(x := `1`\n\n**not bold**) | after'],
  ['```\nopen', 'pre:(open)'],
  ['> a\n> b\n\nc', 'quote(a⏎b) | c'],
  ['> a\n>> b', 'quote(a | quote(b))'],
  ['- a\n- b\n  - c\n    - d', 'ul(a; b | ul(c | ul(d)))'],
  ['3. a\n4. b', 'ol3(a; b)'],
  ['- **a** `b`', 'ul(strong(a) code(b))'],
  ['[t](https://e.org/?a=1&b=2)', 'link<https://e.org/?a=1&b=2>(t)'],
  ['see https://e.org/x_y. Or www.e.org', 'see link<https://e.org/x_y>(https://e.org/x_y). Or link<http://www.e.org/>(www.e.org)'],
  ['<https://e.org>', 'link<https://e.org/>(https://e.org)'],
  ['[a](https://e.org/x_(y)_(z)) [b](https://e.org/(c)', 'link<https://e.org/x_(y)_(z)>(a) [b](link<https://e.org/(c)>(https://e.org/(c))'],
  ['(https://e.org/x_(y)), "https://e.org/a?" **https://e.org/b** \u3002https://e.org/c。', '(link<https://e.org/x_(y)>(https://e.org/x_(y))), "link<https://e.org/a>(https://e.org/a)?" strong(link<https://e.org/b>(https://e.org/b)) \u3002link<https://e.org/c>(https://e.org/c)。'],
  ['[a **b** https://c.org](https://e.org)', 'link<https://e.org/>(a strong(b) https://c.org)'],
  ['[a [b](https://e.org) c](https://f.org)', '[a link<https://e.org/>(b) c](link<https://f.org/>(https://f.org))'],
  ['[](https://e.org)', '[](link<https://e.org/>(https://e.org))'],
  ['__init__ a_b_c _a_ é_b_', 'strong(init) a_b_c em(a) é_b_'],
  ['2 * 3 * 4, 2*3*4, **「b」**c', '2 * 3 * 4, 2em(3)4, strong(「b」)c'],
  ['*a **b*** **a *b***', 'em(a strong(b)) strong(a em(b))'],
  ['*foo**bar**baz*', 'em(foostrong(bar)baz)'],
  ['**open *a* ~b~ ~~c', '**open em(a) ~b~ ~~c'],
  ['f****, ****a****', 'f****, ****a****'],
  ['`a *b` c*', 'code(a *b) c*'],
  ['`` ` `` `a``', 'code(`) `a``'],
  ['` ` a `', '` code(a)'],
  ['\\`a\\` \\[a\\](b) \\_a\\_', '`a` [a](b) _a_'],
  ['~~~\n```\n~~~~\nb', 'pre:(```) | b'],
  ['```js {1}\na\n```', 'code(js {1}\na\n)'],
  ['a\n```\nb\n```\nc', 'a | pre:(b) | c'],
  ['```\n```', '```⏎```'],
  ['> a\nb', 'quote(a) | b'], // an answer is no part of what it answers
  ['> ```\n> a\n> ```\n> - b', 'quote(pre:(a) | ul(b))'],
  ['a\n- b\nc\n1. d', 'a | ul(b) | c | ol1(d)'],
  ['- a\n\n- b\n\n\nc', 'ul(a; b) | c'],
  ['- a\n  more\n\n  ```\n  x\n  ```\n+ b', 'ul(a⏎more | pre:(x); b)'],
  ['1. a\n  - b\n2. c', 'ol1(a | ul(b); c)'],
  ['It was in\n1999. Or later', 'It was in⏎1999. Or later'],
  ['\\*no\\* C:\\dir \\\\server', '*no* C:\\dir \\\\server'],
  // what stays the text that was typed
  ['#hash @name 1) a\n-a\n*a', '#hash @name 1) a⏎-a⏎*a'],
  ['- - -\n___', '- - -⏎___'],
  ['http:// https://[ <http://> https:e.org ftp://e.org xhttps://e.org', 'http:// https://[ <http://> https:e.org ftp://e.org xhttps://e.org'],
  ['# head\n## **x**', '# head⏎## strong(x)'],
  ['head\n====\nhead\n---', 'head⏎====⏎head⏎---'],
  ['| a | b |\n|---|---|\n| 1 | 2 |', '| a | b |⏎|---|---|⏎| 1 | 2 |'],
  ['![a](https://e.org/x.png)', '![a](https://e.org/x.png)'],
  ['![a](https://e.org/x.png "t")', '![a](https://e.org/x.png "t")'],
  ['<b>x</b> &amp; &#60;', '<b>x</b> &amp; &#60;'],
  ['<div>\n*x*\n</div>', '<div>⏎em(x)⏎</div>'],
  ['<!-- x -->', '<!-- x -->'],
  ['<a> https://e.org </a>', '<a> link<https://e.org/>(https://e.org) </a>'],
  ['| **a** |\n|---|\n| b |', '| strong(a) |⏎|---|⏎| b |'],
  ['[a]: /x "t"\n[a] [b][a]', '[a]: /x "t"⏎[a] [b][a]'],
  ['- [ ] a\n- [x] b', 'ul([ ] a; [x] b)'],
  ['someone@example.org', 'someone@example.org'],
  ['***', '***'], ['* * *', '* * *'], ['-', '-'], ['>', '>'], ['```', '```'], ['1.', '1.'],
  // hostile
  ['[x](javascript:alert(1))', '[x](javascript:alert(1))'],
  ['[x](JaVaScRiPt:alert(1))', '[x](JaVaScRiPt:alert(1))'],
  ['[x]( javascript:alert(1))', '[x]( javascript:alert(1))'],
  ['[x](java\u0001script:alert(1))', '[x](java\u0001script:alert(1))'],
  ['[x](&#106;avascript:alert(1))', '[x](&#106;avascript:alert(1))'],
  ['[x](data:text/html;base64,PHN2Zz4=)', '[x](data:text/html;base64,PHN2Zz4=)'],
  ['[x](vbscript:x) [y](file:///etc/passwd) [z](//e.org) [r](/r) [h](http:e.org)', '[x](vbscript:x) [y](file:///etc/passwd) [z](//e.org) [r](/r) [h](http:e.org)'],
  ['<javascript:alert(1)>', '<javascript:alert(1)>'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['<script>alert(1)</script>', '<script>alert(1)</script>'],
  ['[<img src=x onerror=alert(1)>](https://e.org)', 'link<https://e.org/>(<img src=x onerror=alert(1)>)'],
  ['[x](https://e.org/"onclick="alert(1))', 'link<https://e.org/%22onclick=%22alert(1)>(x)'],
  ['[https://a.org](https://b.org)', 'link<https://b.org/>(https://a.org)'],
  ['', ''],
]
for (const [text, want] of cases) test(JSON.stringify(text), () => assert.equal(short(text), want))

test('only plain data of the kinds told, and only http and https', () => {
  const kinds = new Set(['paragraph', 'quote', 'code', 'list', 'text', 'strong', 'em', 'del', 'link', 'break'])
  const look = (value) => {
    if (Array.isArray(value)) return value.forEach(look)
    if (typeof value !== 'object' || value === null) return
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.ok(kinds.has(value.kind), value.kind)
    if ('href' in value) assert.match(value.href, /^https?:\/\//)
    Object.values(value).forEach(look)
  }
  for (const [text] of cases) look(parse(text))
})

test('no input freezes the page, nor nests without end', () => {
  const fill = (part) => part.repeat(Math.ceil(8000 / part.length)).slice(0, 8000)
  const inputs = [
    '*', '_', '~', '`', '[', '](', '<', '>', '> ', '- ', '1. ', '\\', '![', '[a](', '**a', '*a **b ', '__a**', '_a*b_c*', '`a``b', 'http://', 'a@', 'a.',
    '\n', '- a\n', '> - a\nb\n', '```\n', 'a|\n-|\n', '&amp;', '😀', "*'", '\\*', '~~a', '***a', '[a](http://b)', '![a](b)', '](((((', 'http://a.', '<http://a', '[http://a](',
    '~~~~\n```\n', '- - ', '* * ', '> \n\n', '- a\n\n', '  - a\n',
  ].map(fill).concat([
    '*a '.repeat(1300) + 'b*'.repeat(2000), '**a '.repeat(1000) + ' b**'.repeat(1000), '[a]('.padEnd(4000, '(').padEnd(8000, ')'),
    `a${' '.repeat(7990)}b`, `[a](b${' '.repeat(7900)}"x`, `${'<'.repeat(4000)}${'a@'.repeat(2000)}`, '>'.repeat(8000), `${'x'.repeat(100_000)}**a**`,
    Array.from({ length: 120 }, (_, i) => '`'.repeat(i + 1)).join(' a '), `http://a${')'.repeat(7990)}`, `-${' -'.repeat(3990)} a`, `-${' '.repeat(7990)}`,
  ])
  const depth = (value) => (Array.isArray(value) ? Math.max(0, ...value.map(depth)) : value?.kind ? 1 + depth(value.children ?? value.items ?? []) : 0)
  for (const text of inputs) {
    const start = process.cpuUsage()
    const deep = depth(parse(text))
    // Not a measure of speed, each takes some 2 ms: what costs the square takes seconds.
    assert.ok(process.cpuUsage(start).user < 500_000, `${JSON.stringify(text.slice(0, 20))}… takes too long`)
    assert.ok(deep < 60, `${JSON.stringify(text.slice(0, 20))}… nests ${deep} deep`)
  }
})

test('what is too long, too deep or too much work is shown as typed', () => {
  const deep = '>'.repeat(7) + ' x'
  assert.deepEqual(parse(deep), [{ kind: 'paragraph', children: [{ kind: 'text', text: deep }] }])
  const long = 'x'.repeat(8001) + '\n**a**'
  assert.deepEqual(parse(long)[0].children.slice(1), [{ kind: 'break' }, { kind: 'text', text: '**a**' }])
  assert.equal(parse('**a '.repeat(1900)).length, 1)
})

test('a long message of the usual kind keeps its form', () => {
  const line = 'This is **bold** and *em* with `code`, see https://example.org/a_b and [x](http://example.org) ok.\n'
  const strong = parse(line.repeat(80))[0].children.filter(({ kind }) => kind === 'strong')
  assert.equal(strong.length, 80)
})

test('every word typed is shown', () => {
  const text = 'one **two** *three* ~~four~~ `five`\n# six\n\n- seven\n  - eight\n\n> nine\n\n```\nten\n```\n[eleven](https://e.org) <twelve> | thirteen |'
  const words = (value) => (Array.isArray(value) ? value.flatMap(words)
    : typeof value === 'object' ? [...(value.text ? [value.text] : []), ...words(value.children ?? []), ...words(value.items ?? [])] : [])
  const shown = words(parse(text)).join(' ')
  for (const word of text.match(/[a-z]{3,}/g).filter((w) => !['https', 'org'].includes(w))) assert.ok(shown.includes(word), word)
})

test('whatever is typed, each word is shown, in order, and only the web is linked', () => {
  const marks = [
    '*', '**', '***', '_', '__', '~~', '~', '`', '``', '```', '\n```', '\n~~~\n', '\n> ', '>', '\n- ', '\n  - ', '\n1. ', '\n', '\n\n', ' ', ' ', '  ',
    '[', ']', '](', '](https://', '](javascript:', ')', '(', '![', '<', '>', 'https://', 'http://', 'www.', '\\', '#', '|', '&', ';', '"', '.', ',', '😀', '\ud83d', '\u0000', '\t',
  ]
  for (let seed = 1; seed <= 3000; seed++) {
    const random = seeded(seed)
    const words = []
    const word = () => { words.push(`w${'abcdef'[Math.floor(words.length / 6)]}${'abcdef'[words.length % 6]}w`); return words.at(-1) }
    const text = Array.from({ length: 3 + random() * 30 }, () => (random() < 0.4 ? word() : marks[Math.floor(random() * marks.length)])).join('')
    let shown = ''
    const look = (value) => {
      if (Array.isArray(value)) return value.forEach(look)
      shown += (value.language ?? '') + (value.text ?? ' ')
      look(value.children ?? value.items ?? [])
      if (!('href' in value)) return
      assert.match(value.href, /^https?:\/\//)
      if (!words.some((one) => shown.endsWith(one) && value.href.includes(one))) shown += value.href
    }
    look(parse(text))
    let from = 0
    for (const one of words) {
      const at = shown.indexOf(one, from)
      assert.ok(at >= 0, `seed ${seed}: ${one} of ${JSON.stringify(text)} is not in ${JSON.stringify(shown)}`)
      from = at + one.length
    }
  }
})
