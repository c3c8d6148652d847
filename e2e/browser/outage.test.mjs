// kill -9 of the server: what was acknowledged is there once, and the pages
// carry on by themselves.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Client, browse, looks, serve, visit } from './harness.mjs'

for (const look of new Set([looks[0], looks.at(-1)])) {
  test(`kill -9, ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const ada = await visit(t, browser, server, { look })
    const grace = await visit(t, browser, server, { look })
    for (const person of [ada, grace]) person.expectsOutage = true
    await ada.enter('Ada')
    await grace.enter('Grace')
    await ada.say('before the outage')
    await grace.sees('before the outage')

    await server.kill()
    const status = ada.page.getByRole('status').first()
    await ada.until(() => document.querySelector('[role=status]')?.textContent.trim())
    assert.match(await status.textContent(), /connect|reach/i)
    await ada.write('said while it was down')
    await ada.write('and this after it')
    await ada.accessible('6 server is down')
    await server.start()

    for (const person of [ada, grace]) {
      await person.sees('said while it was down')
      await person.sees('and this after it')
    }
    await grace.say('it is back')
    await ada.sees('it is back')
    await ada.until(() => !document.querySelector('[role=status]')?.textContent.trim())
    for (const person of [ada, grace]) {
      const texts = ['before the outage', 'said while it was down', 'and this after it', 'it is back']
      for (const text of texts) assert.equal(await person.count(text), 1, text)
      assert.deepEqual(await person.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq))), [1, 2, 3, 4])
      assert.equal(await person.page.locator('article[data-state]').filter({ hasText: 'down' }).count(), 0, 'still pending')
    }

    await t.test('what is stored is the same', async () => {
      const reader = await Client.connect(server, 'parley.v1')
      reader.send({ type: 'hello', rooms: [{ room: 'general', after: 0 }] })
      const { messages } = await reader.next('joined')
      assert.deepEqual(messages.map(({ text }) => text), ['before the outage', 'said while it was down', 'and this after it', 'it is back'])
      reader.close()
    })

    await t.test('a reload in between keeps what was not sent yet', async () => {
      await ada.page.reload()
      await ada.messageBox.waitFor()
      await ada.sees('it is back')
    })
    ada.clean()
    grace.clean()
  })
}

test('a kill while both are talking', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const people = [await visit(t, browser, server), await visit(t, browser, server)]
  for (const person of people) person.expectsOutage = true
  await people[0].enter('Ada')
  await people[1].enter('Grace')
  const all = []
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5; i++) {
      for (const person of people) {
        const text = `${person.name} ${round}.${i}`
        all.push(text)
        await person.write(text)
      }
    }
    // What two kills found under way is not sent again by itself: each finds another one.
    for (const person of people) await person.sees(`${person.name} ${round}.0`)
    await server.kill()
    await server.start()
  }
  for (const person of people) {
    for (const text of all) await person.sees(text)
    const shown = await person.messages.evaluateAll(articles => articles.map(article => Number(article.dataset.seq)))
    assert.deepEqual(shown, all.map((_, i) => i + 1))
    for (const text of all) assert.equal(await person.messages.filter({ hasText: text }).count(), 1, text)
  }
  for (const person of people) person.clean()
})

test('a restart is hardly noticed', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  const grace = await visit(t, browser, server)
  for (const person of [ada, grace]) person.expectsOutage = true
  await ada.enter('Ada')
  await grace.enter('Grace')
  for (let round = 0; round < 2; round++) {
    await ada.say(`before restart ${round}`)
    assert.equal(await server.kill('SIGTERM'), 0, 'exit code')
    await ada.write(`during restart ${round}`)
    await server.start()
    await grace.sees(`during restart ${round}`)
  }
  await grace.say('after')
  await ada.sees('after')
  for (const person of [ada, grace]) {
    assert.deepEqual(await person.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq))), [1, 2, 3, 4, 5])
    assert.match(await person.page.locator('chat-composer').innerHTML(), new RegExp(`You are ${person.name}`))
    person.clean()
  }
})

test('a page opened while the server is down connects by itself', async t => {
  const server = await serve(t)
  // A page that a test hands to the browser comes from no address: its socket to
  // this machine counts as one from the internet into the local network.
  const browser = await browse(t, '--disable-features=LocalNetworkAccessChecks')
  const seeder = await Client.connect(server)
  await seeder.say('Carol', 'said before')
  seeder.close()
  await server.kill()

  // The page itself comes from where the browser keeps it; only the server does not answer.
  const late = await visit(t, browser, server, {
    before: async person => {
      person.expectsOutage = true
      const root = new URL('../../wwwroot/', import.meta.url)
      const kinds = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html' }
      await person.page.route(url => url.pathname !== '/config.json', async route => {
        const { pathname } = new URL(route.request().url())
        const file = pathname === '/' ? 'index.html' : pathname.slice(1)
        await route.fulfill({ body: await readFile(new URL(file, root)), contentType: kinds[file.split('.').at(-1)] })
      })
    },
  })
  await late.until(() => document.querySelector('[role=status]')?.textContent.trim())
  await late.accessible('7 opened while down')
  await server.start()
  await late.sees('said before', 45_000) // it tries again after 30 s at most
  await late.enter('Ada')
  await late.say('here I am')
  late.clean()
})

test('the browser goes offline and comes back', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  ada.expectsOutage = true
  await ada.enter('Ada')
  await ada.say('online')
  await ada.page.context().setOffline(true)
  await ada.write('said offline')
  await ada.page.waitForTimeout(500)
  await ada.page.context().setOffline(false)
  await ada.sees('said offline')
  assert.equal(await ada.count('said offline'), 1)
})
