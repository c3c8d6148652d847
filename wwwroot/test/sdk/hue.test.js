import test from 'node:test'
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { hue } from '../../sdk/people.js'

test('a colour comes from the id as protocol/hue.go computes it', () => {
  const events = new URL('../../../protocol/testdata/events/', import.meta.url)
  let compared = 0
  /** Every {id, color} in the golden frames. */
  const look = (value, file) => {
    if (typeof value !== 'object' || value === null) return
    if (typeof value.color === 'number') {
      compared++
      assert.equal(hue(value.id), value.color, `${file}: ${value.id}`)
    }
    for (const inner of Object.values(value)) look(inner, file)
  }
  for (const file of readdirSync(events)) look(JSON.parse(readFileSync(new URL(file, events), 'utf8')), file)
  assert.ok(compared >= 3)
})

test('FNV-1a of 32 bits, modulo 360', () => {
  assert.equal(hue(''), 0x811c9dc5 % 360)
  assert.equal(hue('a'), 0xe40c292c % 360) // http://www.isthe.com/chongo/tech/comp/fnv/ test vectors
  assert.equal(hue('foobar'), 0xbf9cf968 % 360)
})
