import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)
const read = url => readFileSync(url, 'utf8')

/** What app.js imports, and what that imports, as index.html would name it. */
function graph(url, seen = new Set()) {
  if (seen.has(url.href)) return seen
  seen.add(url.href)
  for (const [, path] of read(url).matchAll(/^(?:import\s+|(?:import|export)\s[^'"(]*?\sfrom\s+)['"](\.[^'"]+)['"]/gm)) graph(new URL(path, url), seen)
  return seen
}

// Without this list a browser learns of a module only when it has read the one
// before it, five times in a row: on a phone that is more than a second.
test('index.html asks at once for every module that app.js needs', () => {
  const named = [...read(new URL('index.html', root)).matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, path]) => path)
  const needed = [...graph(new URL('app.js', root))].map(href => '/' + href.slice(root.href.length)).filter(path => path !== '/app.js')
  assert.deepEqual(named.sort(), needed.sort())
})
