// What was written outlives the page, and the page outlives its connections.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, browse, looks, serve, visit } from './harness.mjs'

const MINUTE = 60 * 1000

/** Keeps the page's sockets in sight; while mute nothing that it says goes out. */
const watchSockets = page => page.addInitScript(() => {
  const Plain = window.WebSocket
  window.sockets = []
  window.WebSocket = class extends Plain {
    constructor(...args) {
      super(...args)
      window.sockets.push(this)
    }
    send(frame) { if (!window.mute) super.send(frame) }
  }
})

const sequences = person => person.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq)))
const state = (person, text) => person.log.locator('article').filter({ hasText: text }).getAttribute('data-state')

for (const look of new Set([looks[0], looks.at(-1)])) {
  test(`a reload with unsent messages, ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const ada = await visit(t, browser, server, { look, before: ({ page }) => watchSockets(page) })
    await ada.enter('Ada')
    await ada.say('sent')
    await ada.page.evaluate(() => { window.mute = true })
    await ada.write('not sent yet')
    await ada.write('nor this')
    await ada.until(() => document.querySelectorAll('article[data-state=slow]').length === 2)
    await ada.accessible('u1 not sent yet')
    await ada.page.reload()
    for (const text of ['not sent yet', 'nor this']) await ada.sees(text)
    assert.deepEqual(await sequences(ada), [1, 2, 3])
    for (const text of ['sent', 'not sent yet', 'nor this']) assert.equal(await ada.log.locator('article').getByText(text, { exact: true }).count(), 1, text)
    assert.equal(await state(ada, 'nor this'), null)
    assert.deepEqual(await ada.page.evaluate(() => Object.keys(localStorage).filter(key => key.startsWith('parley.unsent'))), [])
    ada.clean()
  })
}

test('the page was closed while the server was down: the next page sends it, the room need not be open', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server, { path: '/r/design' })
  ada.expectsOutage = true
  await ada.enter('Ada')
  await ada.say('first')
  await server.kill()
  await ada.write('second')
  await ada.write('third')
  await ada.until(() => document.querySelectorAll('article[data-state=queued]').length === 2)
  await ada.shoot('u2 waiting')
  await ada.page.close()
  await server.start()
  const later = await ada.another()
  await later.messageBox.waitFor()
  const reader = await Client.connect(server, 'parley.v1')
  for (let messages = [], i = 0; messages.length < 3; i++) {
    assert.ok(i < 100, `only ${messages.map(({ text }) => text)}`)
    reader.send(i ? { type: 'join', room: 'design' } : { type: 'hello', rooms: [{ room: 'design' }] });
    ({ messages } = await reader.next('joined'))
    if (messages.length >= 3) assert.deepEqual(messages.map(({ text, from }) => [text, from]), [['first', 'Ada'], ['second', 'Ada'], ['third', 'Ada']])
    else await new Promise(resolve => setTimeout(resolve, 100))
  }
  reader.close()
  later.clean()
})

test('two pages of one browser: what one has not sent, the other leaves alone', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server, { before: ({ page }) => watchSockets(page) })
  await ada.enter('Ada')
  await ada.page.evaluate(() => { window.mute = true })
  await ada.write('one')
  const other = await ada.another()
  await other.messageBox.waitFor()
  await other.say('two')
  await other.page.waitForTimeout(500)
  assert.equal(await other.log.locator('article').count(), 1)
  await ada.page.evaluate(() => { window.mute = false })
  await other.sees('one')
  assert.deepEqual(await sequences(other), [1, 2])
  ada.clean()
  other.clean()
})

test('two pages before there is a name: they are one person after a reload', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  await ada.nameBox.waitFor()
  const other = await ada.another()
  await other.nameBox.waitFor()
  await ada.enter('Ada')
  await ada.say('I am Ada')
  for (const person of [other, ada]) {
    await person.page.reload()
    await person.messageBox.waitFor()
    assert.match(await person.page.locator('chat-composer').innerHTML(), /You are Ada\./)
  }
  await other.say('so am I')
  await ada.sees('so am I')
})

test('two pages with two names: each stays itself', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  await ada.nameBox.waitFor()
  const bo = await ada.another()
  await bo.nameBox.waitFor()
  await ada.enter('Ada')
  await bo.enter('Bo')
  for (const [person, name] of [[ada, 'Ada'], [bo, 'Bo']]) {
    await person.page.reload()
    await person.messageBox.waitFor()
    assert.match(await person.page.locator('chat-composer').innerHTML(), new RegExp(`You are ${name}\\.`))
  }
})

test('a browser that stores nothing: it is sent, and whoever leaves too early is asked', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server, {
    before: async ({ page }) => {
      await watchSockets(page)
      await page.addInitScript(() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') } })
    },
  })
  await ada.enter('Ada')
  await ada.say('sent')
  await ada.page.evaluate(() => { window.mute = true })
  await ada.write('not sent')
  await ada.page.close({ runBeforeUnload: true })
  await ada.page.waitForTimeout(500)
  assert.deepEqual(ada.dialogs.length, 1, 'the browser asks')
  await ada.page.evaluate(() => { window.mute = false })
  await ada.sees('not sent')
})

test('before two hours the connection is replaced, and nobody notices', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server, {
    before: async ({ page }) => {
      await watchSockets(page)
      await page.clock.install()
    },
  })
  const grace = await visit(t, browser, server)
  await ada.enter('Ada')
  await grace.enter('Grace')
  await ada.say('with the first')
  await ada.page.evaluate(() => {
    window.lines = []
    new MutationObserver(() => window.lines.push(document.querySelector('[role=status]').textContent)).observe(document.querySelector('[role=status]'), { childList: true, subtree: true })
    window.same = document.querySelector('article')
  })
  let talking = true
  const talk = (async () => { // not so much that the oldest leave the page
    for (let i = 0; talking; i++) {
      await grace.say(`meanwhile ${i}`)
      await grace.page.waitForTimeout(300)
    }
  })()
  await ada.page.clock.fastForward(99 * MINUTE)
  for (let seconds = 0; seconds < 12 * 60; seconds++) { // little by little: the server lives in another time, and has to answer in it
    await ada.page.clock.runFor(1000)
    await ada.page.waitForTimeout(30)
    if (await ada.page.evaluate(() => window.sockets.length) > 1) break
  }
  await ada.write('during the change')
  await ada.until(() => window.sockets.length === 2 && window.sockets[0].readyState === 3 && window.sockets[1].readyState === 1)
  await ada.page.clock.runFor(1000)
  await ada.sees('during the change')
  talking = false
  await talk
  await ada.say('with the second')
  await grace.sees('with the second')
  const all = await sequences(grace)
  assert.deepEqual(all, all.map((_, i) => i + 1))
  await ada.until(count => document.querySelectorAll('article[data-seq]').length === count, all.length)
  assert.deepEqual(await sequences(ada), all)
  assert.ok(await ada.page.evaluate(() => window.same.isConnected), 'the page was not drawn anew')
  assert.deepEqual(await ada.page.evaluate(() => window.lines), [], 'the status line stayed silent')
  for (const person of [ada, grace]) {
    assert.equal(await person.log.locator('.line').filter({ hasText: 'left' }).count(), 0, 'nobody left')
    person.clean()
  }
})

test('hidden for long: it rests, and has everything when somebody looks', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server, {
    before: async ({ page }) => {
      await watchSockets(page)
      await page.clock.install()
    },
  })
  const grace = await visit(t, browser, server)
  await ada.enter('Ada')
  await grace.enter('Grace')
  await ada.say('seen')
  const hide = hidden => ada.page.evaluate(hidden => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
  await hide(true)
  await ada.page.clock.fastForward(121 * MINUTE)
  await ada.until(() => window.sockets.every(({ readyState }) => readyState === 3))
  for (const text of ['one', 'two']) await grace.say(text)
  await hide(false)
  await ada.page.clock.runFor(1000)
  await ada.sees('two')
  assert.deepEqual(await sequences(ada), [1, 2, 3])
  await ada.page.clock.runFor(1000)
  assert.equal(await ada.log.getByText('New since you were here').count(), 1)
  await ada.accessible('u3 new since')
  ada.clean()
})

test('a reload says what is new', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  const grace = await visit(t, browser, server)
  await ada.enter('Ada')
  await grace.enter('Grace')
  await ada.say('seen')
  await ada.page.goto('about:blank')
  await grace.say('not seen')
  await ada.page.goto(server.website)
  await ada.sees('not seen')
  const rows = await ada.log.locator('article, .line').evaluateAll(all => all.map(row => row.querySelector?.('.prose')?.textContent ?? row.textContent))
  assert.deepEqual(rows.slice(0, 3), ['seen', 'New since you were here', 'not seen'])
  await ada.page.reload()
  await ada.sees('not seen')
  assert.equal(await ada.log.getByText('New since you were here').count(), 0)
  ada.clean()
})

test('no such room', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  for (const look of looks) {
    const ada = await visit(t, browser, server, { look, path: '/r/%ff' })
    await ada.page.getByRole('heading', { name: 'There is no such room' }).waitFor()
    assert.equal(await ada.page.locator('chat-composer').isVisible(), false)
    await ada.accessible('u4 no such room')
    await ada.page.getByRole('link', { name: 'Go to general' }).click()
    await ada.nameBox.waitFor()
    ada.clean()
  }
})

test('a room with the longest name', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const name = 'x'.repeat(64)
  const ada = await visit(t, browser, server, { look: looks.at(-1), path: `/r/${name}` })
  await ada.page.getByRole('heading', { name: 'Nobody has said anything yet' }).waitFor()
  const { width } = ada.page.viewportSize()
  assert.ok(await ada.log.evaluate(log => log.scrollWidth <= log.clientWidth), `nothing is wider than ${width} px`)
  await ada.accessible('u5 longest name')
})
