// API Gateway ends connections that are silent or old. The page comes back by
// itself, and nobody misses anything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browse, serve, visit } from '../harness.mjs'

/** Counts the page's connections and keeps their close codes. */
async function watchSockets(page) {
  await page.addInitScript(() => {
    const Plain = window.WebSocket
    window.closes = []
    window.WebSocket = class extends Plain {
      constructor(...args) {
        super(...args)
        this.addEventListener('close', ({ code }) => window.closes.push(code))
      }
    }
  })
}

test('silence and age end connections, and the page resumes', async t => {
  const server = await serve(t, '--idle-timeout', '2s', '--max-age', '3s')
  const browser = await browse(t)
  const before = ({ page }) => watchSockets(page)
  const ada = await visit(t, browser, server, { before })
  const grace = await visit(t, browser, server, { before })
  await ada.enter('Ada')
  await grace.enter('Grace')
  const texts = []
  const say = async text => {
    texts.push(text)
    await ada.say(text)
  }
  await say('nobody has gone yet')
  for (let round = 1; round <= 2; round++) {
    for (const person of [ada, grace]) await person.until(n => window.closes.length >= n, round)
    await say(`after ${round} ends`)
    await grace.sees(`after ${round} ends`)
  }
  for (let i = 0; i < 10; i++) { // Ada is never silent now: it is age that ends her connection
    await say(`said while connections end ${i}`)
    await ada.page.waitForTimeout(400)
  }
  for (const person of [ada, grace]) {
    await person.sees(texts.at(-1))
    assert.deepEqual(await person.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq))), texts.map((_, i) => i + 1))
    for (const text of texts) assert.equal(await person.count(text), 1, text)
    const closes = await person.page.evaluate(() => window.closes)
    assert.ok(closes.length >= 3 && closes.every(code => code === 1001), `closed with ${closes}`)
    person.clean()
  }
})
