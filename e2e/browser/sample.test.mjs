// A page with the 2019 sample's own logic works against this server, unchanged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { browse, serve, visit } from './harness.mjs'

const folder = fileURLToPath(new URL('../testdata/sample', import.meta.url))

test("the sample's logic", async t => {
  const server = await serve(t, '--wwwroot', folder)
  const browser = await browse(t)
  const [alice, bob] = [await visit(t, browser, server), await visit(t, browser, server)]
  const type = async ({ page }, ...lines) => {
    for (const line of lines) {
      await page.locator('#line:enabled').fill(line)
      await page.locator('#line').press('Enter')
    }
  }
  await type(alice, 'alice', 'Is anybody here?')
  await bob.page.getByText('alice: Is anybody here?').waitFor()
  await type(bob, 'bob', 'I am.')
  for (const { page } of [alice, bob]) {
    await page.getByText('bob: I am.').waitFor()
    assert.deepEqual(await page.locator('#said li').allTextContents(), ['alice: Is anybody here?', 'bob: I am.'])
  }
  alice.clean()
  bob.clean()
})

test('beside the page', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  await ada.enter('Ada')
  const { Client } = await import('./harness.mjs')
  const plain = await Client.connect(server)
  plain.send({ type: 'message', from: '<username>', text: '<message>' })
  await ada.sees('<message>')
  await ada.say('Hello, <username>')
  const { from, text } = await plain.next('message').then(() => plain.next('message'))
  assert.deepEqual({ from, text }, { from: 'Ada', text: 'Hello, <username>' })
  plain.close()
  ada.clean()
})
