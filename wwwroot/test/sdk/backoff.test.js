import test from 'node:test'
import assert from 'node:assert/strict'
import { Backoff } from '../../sdk/connection.js'

test('waits are between half a second and a bound that doubles to 30 seconds', () => {
  const least = new Backoff(() => 0)
  const most = new Backoff(() => 1)
  const bounds = Array.from({ length: 40 }, () => most.next())
  assert.deepEqual(bounds.slice(0, 7), [1000, 2000, 4000, 8000, 16000, 30000, 30000])
  assert.equal(Math.max(...bounds), 30000)
  for (let i = 0; i < 40; i++) assert.equal(least.next(), 500)
})

test('full jitter: waits spread over the whole range', () => {
  const waits = [0.1, 0.5, 0.9].map((r) => {
    const backoff = new Backoff(() => r)
    for (let i = 0; i < 8; i++) backoff.next()
    return backoff.next()
  })
  assert.deepEqual(waits, [500 + 2950, 500 + 14750, 500 + 26550])
})

test('only a stable minute starts anew', () => {
  const backoff = new Backoff(() => 1)
  for (let i = 0; i < 4; i++) backoff.next()
  backoff.ended(59_999)
  assert.equal(backoff.next(), 16000)
  backoff.ended(60_000)
  assert.equal(backoff.next(), 1000)
})
