import { test } from 'node:test'
import assert from 'node:assert/strict'
import { initials } from '../../elements/node.js'

test('one or two letters stand for a name', () => {
  for (const [name, letters] of [
    ['Ada', 'A'], ['ada lovelace', 'AL'], ['Jean-Baptiste de la Tour d’Auvergne', 'JA'], ['alice-2', 'A2'],
    ['نور', 'ن'], ['李', '李'], ['👩‍🚀 Bo', '👩‍🚀B'], ['e\u0301lan', 'É'.normalize('NFD')], ['…', '…'], ['', '?'],
  ]) assert.equal(initials(name), letters, name)
})
