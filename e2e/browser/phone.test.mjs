// The first message on a slow phone: what it takes is printed, how much is asked for is held.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Client, browse, looks, serve, visit } from './harness.mjs'

const MESSAGES = 100
const VISITS = 5
const MOST_REQUESTS = 26 // HTTP/1.1 takes six at a time, and each waits for the air

test('the first message on a slow phone', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const carol = await Client.connect(server)
  await carol.say('Carol', ...Array.from({ length: MESSAGES }, (_, i) => `message ${i}`))
  carol.close()

  const took = []
  let requests = 0
  let headers = 0
  for (let i = 0; i < VISITS; i++) {
    const phone = await visit(t, browser, server, {
      look: looks.find(({ name }) => name.startsWith('phone')) ?? looks[0],
      before: async ({ page }) => {
        const devtools = await page.context().newCDPSession(page)
        await devtools.send('Network.enable')
        await devtools.send('Network.emulateNetworkConditions', {
          offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8, // ms; bytes a second
        })
        await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 })
        requests = headers = 0
        devtools.on('Network.responseReceivedExtraInfo', ({ headersText }) => { requests++; headers += headersText?.length ?? 0 })
        await page.addInitScript(() => {
          new MutationObserver((_, observer) => {
            if (!document.querySelector('article[data-seq]')) return
            observer.disconnect()
            window.firstMessage = performance.now()
          }).observe(document, { childList: true, subtree: true })
        })
      },
    })
    await phone.sees(`message ${MESSAGES - 1}`)
    took.push(Math.round(await phone.page.evaluate(() => window.firstMessage)))
    phone.clean()
    await phone.page.context().close()
  }
  took.sort((a, b) => a - b)
  t.diagnostic(`CPU 4x, 150 ms, 1.6 Mbit/s: first of ${MESSAGES} messages after ${took[VISITS >> 1]} ms (median of ${took}), ${requests} requests, ${headers} bytes of response headers`)
  assert.ok(requests <= MOST_REQUESTS, `${requests} requests, ${MOST_REQUESTS} allowed`)
})
