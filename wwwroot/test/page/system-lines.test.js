import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Comings, list } from '../../elements/rows.js'

const people = (...names) => new Map(names.map(name => {
  const [id, shown = id] = name.split('=')
  return [id, { id, name: shown, color: 0 }]
}))
const said = words => words.map(word => word.name ?? word).join('')
const line = (...steps) => {
  const comings = new Comings()
  for (let i = 1; i < steps.length; i++) comings.add(people(...steps[i - 1]), people(...steps[i]), 'me')
  return comings.empty ? '' : said(comings.words)
}

test('names are counted from the fourth on', () => {
  assert.equal(said(list(['Ada'])), 'Ada')
  assert.equal(said(list(['Ada', 'Bo'])), 'Ada and Bo')
  assert.equal(said(list(['Ada', 'Bo', 'Cy'])), 'Ada, Bo and Cy')
  assert.equal(said(list(['Ada', 'Bo', 'Cy', 'Di', 'Ed'])), 'Ada, Bo and 3 others')
})

test('comings and goings are one line', () => {
  assert.equal(line([], ['Ada']), 'Ada joined')
  assert.equal(line([], ['Ada'], ['Ada', 'Bo']), 'Ada and Bo joined')
  assert.equal(line(['Cy'], ['Cy', 'Ada'], ['Ada']), 'Ada joined · Cy left')
})

test('who comes back, or goes again, leaves no trace', () => {
  assert.equal(line(['Ada'], [], ['Ada']), '')
  assert.equal(line([], ['Ada'], []), '')
})

test('another name is told once, by the first and the last', () => {
  assert.equal(line(['1=Ada'], ['1=Ada L.']), 'Ada is now Ada L.')
  assert.equal(line(['1=Ada'], ['1=A'], ['1=Ada L.']), 'Ada is now Ada L.')
  assert.equal(line(['1=Ada'], ['1=A'], ['1=Ada']), '')
  assert.equal(line([], ['1=Ada'], ['1=Ada L.']), 'Ada L. joined')
  assert.equal(line(['1=Ada'], [], ['1=Ada L.']), 'Ada is now Ada L.')
  assert.equal(line(['1=Ada'], ['1=Ada L.'], []), 'Ada L. left')
})

test('my own coming is no news, my new name is', () => {
  assert.equal(line([], ['me=Zoë']), '')
  assert.equal(line(['me=Zoë'], []), '')
  assert.equal(line(['me=Zoë'], ['me=Zoë K.']), 'Zoë is now Zoë K.')
})
