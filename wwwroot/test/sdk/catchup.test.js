import test from 'node:test'
import assert from 'node:assert/strict'
import { CatchUp } from '../../sdk/answers.js'
import { FakeClock, settle } from './fake.js'

test('an answer of the connection before is not gone on with', async () => {
  const answers = []
  const clock = new FakeClock()
  const catchUp = new CatchUp({ behind: () => true, ask: () => new Promise((answer) => answers.push(answer)), random: () => 0, timers: clock })
  catchUp.now()
  catchUp.stop()
  catchUp.now()
  answers[0](true)
  await settle()
  assert.equal(answers.length, 2)
  answers[1](true)
  await settle()
  assert.equal(answers.length, 3)
})

test('what brings nothing is asked for ever more seldom', async () => {
  const asked = []
  const clock = new FakeClock()
  const start = clock.now()
  const catchUp = new CatchUp({ behind: () => true, ask: async () => { asked.push((clock.now() - start) / 1000); return false }, random: () => 0, timers: clock })
  catchUp.look()
  await clock.advance(95_000)
  assert.deepEqual(asked, [0.3, 2.3, 6.3, 14.3, 30.3, 60.3, 90.3])
})
