// One's own messages are edited and deleted, by hand and by keyboard; the others
// see it at once, or when they come back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browse, looks, serve, visit } from './harness.mjs'

/** What is to be pressed in the actions of a message. */
const press = async (person, text, name) => {
  const article = person.messages.filter({ hasText: text })
  const button = article.getByRole('button', { name, exact: true })
  if (!person.look.hasTouch) {
    for (let tries = 5; ; tries--) { // a line that comes or goes moves the message away from the pointer
      await article.hover()
      try {
        return await button.click({ timeout: 3000 })
      } catch (error) {
        if (tries === 1) throw error
        await person.page.mouse.move(0, 0)
      }
    }
  }
  await article.tap()
  const { width, height } = await button.boundingBox()
  assert.ok(width >= 44 && height >= 44, `${name} is ${width} by ${height}`)
  await person.shoot('e menu')
  await button.tap()
}

const texts = person => person.messages.evaluateAll(all => all.map(article => [article.querySelector('.prose, .gone').textContent, article.dataset.state ?? '']))

for (const look of looks) {
  test(`edit and delete, ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const ada = await visit(t, browser, server, { look })
    const grace = await visit(t, browser, server, { look })
    await ada.enter('Ada')
    await grace.enter('Grace')
    await ada.say('Shall we met?')
    await grace.say('When?')
    await ada.say('At noon')

    await t.test('an edit by hand', async () => {
      await press(ada, 'Shall we met?', 'Edit')
      assert.equal(await ada.messageBox.inputValue(), 'Shall we met?')
      await ada.accessible('e1 editing')
      await ada.messageBox.fill('Shall we meet?')
      const save = ada.page.getByRole('button', { name: 'Save', exact: true })
      await (look.hasTouch ? save.tap() : save.click())
      for (const person of [ada, grace]) {
        await person.sees('Shall we meet?')
        await person.until(() => document.querySelector('article[data-seq="1"]').dataset.state === 'edited')
        assert.deepEqual(await texts(person), [['Shall we meet?', 'edited'], ['When?', ''], ['At noon', '']])
      }
      assert.equal(await ada.messageBox.inputValue(), '')
    })

    await t.test('an edit by keyboard: arrow up, Esc, a draft', async () => {
      await ada.messageBox.press('ArrowUp')
      assert.equal(await ada.messageBox.inputValue(), 'At noon')
      await ada.messageBox.fill('At one')
      await ada.messageBox.press('Escape')
      assert.equal(await ada.messageBox.inputValue(), '')
      await ada.messageBox.press('ArrowUp')
      await ada.messageBox.fill('At two')
      await ada.messageBox.press('Control+Enter')
      await grace.sees('At two')
      assert.equal(await grace.count('At noon'), 0)
      await ada.messageBox.pressSequentially('a draft')
      await ada.log.locator('article').last().focus()
      await ada.page.keyboard.press('e')
      assert.equal(await ada.messageBox.inputValue(), 'At two')
      await ada.messageBox.press('Escape')
      assert.equal(await ada.messageBox.inputValue(), 'a draft', 'what was being written is there again')
      await ada.messageBox.fill('')
    })

    await t.test('a delete, undone and not', async () => {
      await press(ada, 'At two', 'Delete')
      const undo = ada.log.getByRole('button', { name: 'Undo' })
      await undo.waitFor()
      assert.ok(await undo.evaluate(button => button === document.activeElement), 'the way back is under the hand')
      await ada.accessible('e2 deleting')
      await undo.press('Enter')
      await ada.sees('At two')
      await ada.log.locator('article').last().focus()
      await ada.page.keyboard.press('Delete')
      await undo.waitFor()
      assert.equal(await grace.count('At two'), 1)
      await undo.waitFor({ state: 'detached' })
      for (const person of [ada, grace]) await person.until(() => document.querySelector('article[data-seq="3"]').dataset.state === 'deleted')
      assert.deepEqual((await texts(grace)).at(-1), ['This message was deleted.', 'deleted'])
      assert.equal(await grace.log.getByRole('button', { name: 'Delete' }).count(), 0, "nobody deletes another's")
      await grace.accessible('e3 deleted')
    })

    await t.test('a page that closes deletes at once', async () => {
      await ada.say('not for long')
      await press(ada, 'not for long', 'Delete')
      await ada.page.reload()
      await grace.until(() => [...document.querySelectorAll('article')].at(-1).dataset.state === 'deleted')
      await ada.messageBox.waitFor()
      await ada.until(() => document.querySelectorAll('article[data-state=deleted]').length === 2)
    })
    ada.clean()
    grace.clean()
  })
}

test('what changed while one was away is as it is now', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  const grace = await visit(t, browser, server)
  for (const person of [ada, grace]) person.expectsOutage = true
  await ada.enter('Ada')
  await grace.enter('Grace')
  for (const text of ['one', 'two', 'three']) await ada.say(text)
  await grace.sees('three')

  await grace.page.context().setOffline(true)
  await grace.page.evaluate(() => { window.same = document.querySelector('article[data-seq="1"]') })
  await ada.messageBox.press('ArrowUp')
  await ada.messageBox.fill('three and a half')
  await ada.messageBox.press('Enter')
  await ada.sees('three and a half')
  await ada.until(() => document.querySelector('article[data-seq="3"]').dataset.state === 'edited')
  await press(ada, 'one', 'Delete')
  await ada.until(() => document.querySelector('article[data-seq="1"]').dataset.state === 'deleted')
  await ada.say('four')
  await grace.page.context().setOffline(false)
  await grace.sees('four')
  assert.deepEqual(await texts(grace), [['This message was deleted.', 'deleted'], ['two', ''], ['three and a half', 'edited'], ['four', '']])
  assert.ok(await grace.page.evaluate(() => window.same.isConnected), 'the page was not drawn anew')
  for (const person of [ada, grace]) person.clean()
})

test('an edit waits for the connection', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  ada.expectsOutage = true
  await ada.enter('Ada')
  await ada.say('one')
  await ada.say('two')
  await server.kill()
  await ada.messageBox.press('ArrowUp')
  await ada.messageBox.fill('two and a half')
  await ada.messageBox.press('Enter')
  await ada.until(() => document.querySelector('article[data-seq="2"]').dataset.state === 'queued')
  await ada.accessible('e4 waiting')
  await server.start()
  await ada.until(() => document.querySelector('article[data-seq="2"]').dataset.state === 'edited')
  assert.deepEqual(await texts(ada), [['one', ''], ['two and a half', 'edited']])
  ada.clean()
})

for (const look of new Set([looks[0], looks.at(-1)])) {
  test(`an edit that is refused says so, ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const ada = await visit(t, browser, server, { look })
    await ada.enter('Ada')
    await ada.say('one')
    await ada.messageBox.press('ArrowUp')
    const other = await ada.another()
    await other.sees('one')
    await press(other, 'one', 'Delete')
    await other.page.close({ runBeforeUnload: false })
    await ada.until(() => document.querySelector('article[data-seq="1"]').dataset.state === 'deleted')
    await ada.messageBox.fill('one and a half')
    await ada.messageBox.press('Control+Enter')
    await ada.until(() => document.querySelector('article[data-seq="1"]').dataset.state === 'failed')
    const article = ada.log.locator('article')
    assert.match(await article.textContent(), /one and a half.*Not changed\. .+/)
    await ada.accessible('e5 refused')
    await article.getByRole('button', { name: 'Discard' }).press('Enter')
    await ada.until(() => document.querySelector('article[data-seq="1"]').dataset.state === 'deleted')
    assert.deepEqual(await texts(ada), [['This message was deleted.', 'deleted']])
    ada.clean()
  })
}

test('who reads what is older stays there while others edit and delete above', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  const grace = await visit(t, browser, server)
  await ada.enter('Ada')
  await grace.enter('Grace')
  for (let i = 0; i < 60; i++) await ada.write(`message ${i}.`)
  for (const person of [ada, grace]) await person.sees('message 59.')
  const place = () => grace.page.evaluate(() => {
    const log = document.querySelector('[role=log]')
    const { top } = log.getBoundingClientRect()
    const article = [...log.querySelectorAll('article')].find(article => article.getBoundingClientRect().bottom > top)
    return [article.dataset.seq, Math.round(article.getBoundingClientRect().top)]
  })
  await grace.log.evaluate(log => { log.scrollTop = log.scrollHeight / 2 })
  await grace.page.waitForTimeout(300)
  const before = await place()
  assert.ok(Number(before[0]) > 6, `reads ${before}`)
  await press(ada, 'message 2.', 'Edit')
  await ada.messageBox.fill(Array.from({ length: 12 }, (_, i) => `line ${i}`).join('\n'))
  await ada.messageBox.press('Enter')
  await press(ada, 'message 3.', 'Delete')
  await grace.until(() => document.querySelector('article[data-seq="3"]').dataset.state === 'edited' && document.querySelector('article[data-seq="4"]').dataset.state === 'deleted')
  const after = await place()
  assert.ok(after[0] === before[0] && Math.abs(after[1] - before[1]) <= 2, `message ${before} is now ${after} px`) // parts of pixels add up
  assert.equal(await grace.page.getByRole('button', { name: /new message/ }).count(), 0, 'an edit is no new message')
  for (const person of [ada, grace]) person.clean()
})
