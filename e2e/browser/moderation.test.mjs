// Order is kept: as operator, moderator, plain guest, muted, banned and erased.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, browse, functions, looks, serve, visit } from './harness.mjs'
import { moderate, openPanel, told } from './moderating.mjs'

for (const look of looks) {
  test(`order is kept: ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const operator = await server.operator()
    assert.match(operator, /^#operator=[\w-]{22}$/)

    const ada = await visit(t, browser, server, { look, path: '/' + operator })
    await ada.nameBox.waitFor()
    assert.equal(await ada.page.evaluate(() => location.href), server.website + '/', 'the link stays in the address')
    await ada.enter('Ada')
    await ada.page.getByRole('button', { name: 'Moderation', exact: true }).waitFor()
    const bo = await visit(t, browser, server, { look })
    const asked = []
    bo.page.on('request', request => asked.push(new URL(request.url()).pathname))
    await bo.enter('Bo')
    await bo.say('loud words')
    await ada.sees('loud words')

    await t.test('a guest has nothing of it', async () => {
      assert.equal(await bo.page.getByRole('button', { name: /^Moderat/ }).count(), 0)
      assert.deepEqual(asked.filter(path => /moderation|panel|orders|later/.test(path)), [])
    })

    await t.test('the link is used up', async () => {
      const cy = await visit(t, browser, server, { look, path: '/' + operator })
      await cy.enter('Cy')
      await told(cy, 'This link is not good any more')
      assert.equal(await cy.page.getByRole('button', { name: /^Moderat/ }).count(), 0)
      cy.clean()
    })

    await t.test('muted, told why, and heard again', async () => {
      const menu = await moderate(ada, 'Bo', 'loud words')
      await ada.accessible('moderation, a person')
      await menu.getByLabel('Reason').fill('Too loud')
      await menu.getByLabel('Mute for').selectOption('1 hour')
      await menu.getByRole('button', { name: 'Mute' }).click()
      await menu.waitFor({ state: 'detached' })
      await told(ada, /muted .*Bo.*Too loud/)
      await told(bo, /muted you.* until .*Too loud/)
      await bo.page.getByText(/^You are muted until .*Too loud/).waitFor()
      assert.equal(await bo.messageBox.getAttribute('readonly'), '')
      await bo.accessible('moderation, muted')

      const panel = await openPanel(ada)
      await panel.getByText(/muted .*Bo/).waitFor()
      await ada.accessible('moderation, what is in force')
      await panel.getByRole('button', { name: /^Lift: .*muted/ }).click()
      await panel.getByText(/muted .*Bo/).waitFor({ state: 'detached' })
      await ada.page.keyboard.press('Escape')
      await bo.until(() => !document.querySelector('textarea').readOnly)
      if (functions) await bo.page.waitForTimeout(3000) // one that read the rules up to 2 s ago would refuse what comes next
      await bo.say('quiet words')
    })

    await t.test('a room is locked, and opened again', async () => {
      const panel = await openPanel(ada)
      await panel.getByLabel('Why it is locked').fill('Back after lunch')
      await panel.getByRole('button', { name: 'Lock the room' }).click()
      await panel.getByRole('button', { name: 'Unlock the room' }).waitFor()
      await bo.page.getByText(/^Only moderators speak here: Back after lunch/).waitFor()
      await bo.shoot('moderation, locked')
      await bo.comesBackTo(bo.page.getByText(/^Only moderators speak here/))
      await panel.getByRole('button', { name: 'Unlock the room' }).click()
      await panel.getByRole('button', { name: 'Lock the room' }).waitFor()
      await bo.until(() => !document.querySelector('textarea').readOnly)
      if (functions) await bo.page.waitForTimeout(3000) // as above
      await ada.page.keyboard.press('Escape')
    })

    await t.test('slow mode says when', async () => {
      const panel = await openPanel(ada)
      await panel.getByLabel('Slow mode', { exact: true }).selectOption('one message in 10 s')
      await panel.getByText(/set slow mode/).waitFor()
      await bo.page.getByText('Slow mode: one message in 10 s.', { exact: true }).waitFor()
      const held = bo.page.getByText(/^Slow mode.* Yours goes in \d+ s\./)
      let said = 0
      do { // in the other home a function may hear of it 2 s late
        await bo.write(`hasty ${++said}`)
        await held.or(bo.messages.filter({ hasText: `hasty ${said}` })).first().waitFor()
      } while (!await held.isVisible())
      assert.ok(said <= 2 || functions, `only number ${said} was held up`)
      await bo.shoot('moderation, slow mode')
      await panel.getByLabel('Slow mode', { exact: true }).selectOption('off')
      await ada.page.keyboard.press('Escape')
      await bo.sees(`hasty ${said}`)
    })

    await t.test('a moderator is made, and has less', async () => {
      const menu = await moderate(ada, 'Bo', 'quiet words')
      await menu.getByRole('button', { name: 'Make a moderator' }).click()
      await menu.waitFor({ state: 'detached' })
      const panel = await openPanel(bo)
      assert.equal(await panel.getByRole('button', { name: 'Audit log' }).count(), 0)
      await bo.accessible('moderation, a moderator')
      await bo.page.keyboard.press('Escape')
      await bo.page.reload()
      await bo.page.getByRole('button', { name: 'Moderation', exact: true }).waitFor() // the new session was kept
    })

    await t.test('purged and banned', async () => {
      const eve = await visit(t, browser, server, { look })
      await eve.enter('Eve')
      await eve.say('spam one')
      await eve.say('spam two')
      await bo.sees('spam two')
      let menu = await moderate(bo, 'Eve', 'spam two')
      await menu.getByRole('button', { name: 'Delete all messages …' }).click()
      let sure = bo.page.getByRole('dialog', { name: 'Delete all of Eve' })
      await bo.accessible('moderation, are you sure')
      await sure.getByRole('button', { name: 'Cancel' }).click()
      assert.equal(await bo.count('spam one'), 1)
      menu = await moderate(bo, 'Eve', 'spam two')
      await menu.getByRole('button', { name: 'Delete all messages …' }).click()
      sure = bo.page.getByRole('dialog', { name: 'Delete all of Eve' })
      await sure.getByRole('button', { name: 'Delete all' }).click()
      await sure.waitFor({ state: 'detached' })
      await eve.until(() => !document.body.textContent.includes('spam one'))
      assert.equal(await bo.count('spam'), 0)

      await eve.say('more spam')
      await bo.sees('more spam')
      menu = await moderate(bo, 'Eve', 'more spam')
      await menu.getByLabel('Reason').fill('Spam')
      await menu.getByRole('button', { name: 'Ban …' }).click()
      sure = bo.page.getByRole('dialog', { name: 'Ban Eve' })
      assert.equal(await sure.getByLabel('For how long').inputValue(), '0', 'a ban holds until it is lifted')
      await bo.accessible('moderation, for how long a ban')
      await sure.getByRole('button', { name: 'Ban', exact: true }).click()
      await sure.waitFor({ state: 'detached' })
      await eve.page.getByText(/You are banned here.*Spam/).first().waitFor()
      await eve.accessible('moderation, banned')
      await eve.comesBackTo(eve.page.getByText(/You are banned here.*Spam/).first())
      eve.clean()
    })

    await t.test('by invitation', async () => {
      await ada.page.goto(server.website + '/r/inner')
      await ada.messageBox.waitFor()
      await ada.say('among us')
      const panel = await openPanel(ada)
      await panel.getByLabel('Only by invitation').check()
      await panel.getByText(/made the room one by invitation/).waitFor()
      await panel.getByRole('button', { name: 'Make a link' }).click()
      const link = await panel.locator('code').textContent()
      await ada.accessible('moderation, an invitation')
      await ada.page.keyboard.press('Escape')
      const outside = await visit(t, browser, server, { look, path: '/r/inner' })
      await outside.enter('Dan')
      const refused = outside.page.getByText(/by invitation/)
      const answered = () => refused.or(outside.messages).first().waitFor()
      await answered()
      while (functions && await outside.count('among us')) { // a function hears of it within 2 s: who slipped in is out with the next frame
        await outside.page.reload()
        await answered()
      }
      await refused.first().waitFor()
      assert.equal(await outside.count('among us'), 0)
      await outside.shoot('moderation, not invited')
      await outside.page.goto(link)
      await outside.sees('among us')
      assert.ok(!outside.page.url().includes('invitation'))
      await outside.say('thank you')
      outside.clean()
    })

    await t.test('each act is in the audit log, which can be kept', async () => {
      const panel = await openPanel(ada)
      await panel.getByLabel('Keep messages').selectOption('in all other rooms')
      await panel.getByLabel('How many').selectOption('10,000')
      await panel.getByRole('button', { name: 'Set what is kept …' }).click()
      await ada.page.getByRole('dialog', { name: 'Keep messages' }).getByRole('button', { name: 'Keep no more' }).click()
      await panel.getByText(/kept: the newest 10000 messages/).waitFor()
      assert.equal(await panel.getByLabel('How many').inputValue(), '10000', 'a room without a rule has the one of all')
      await ada.accessible('moderation, what is kept')
      await panel.getByRole('button', { name: 'Audit log' }).click()
      const log = ada.page.getByRole('dialog', { name: 'Audit log' })
      await log.getByRole('listitem').first().waitFor()
      await ada.accessible('moderation, audit log')
      const waits = ada.page.waitForEvent('download')
      await log.getByRole('button', { name: 'Save as JSON' }).click()
      const chunks = []
      for await (const chunk of await (await waits).createReadStream()) chunks.push(chunk)
      const done = JSON.parse(Buffer.concat(chunks)).map(act => act.do)
      for (const what of ['mute', 'unmute', 'lock', 'unlock', 'slow', 'unslow', 'appoint', 'purge', 'ban', 'invited', 'invite', 'retain']) {
        assert.ok(done.includes(what), `${what} is not in the audit log: ${done}`)
      }
      await ada.page.keyboard.press('Escape')
      await ada.page.keyboard.press('Escape')
    })

    await t.test('erased by oneself', async () => {
      const witness = await Client.connect(server, 'parley.v1')
      witness.send({ type: 'hello', id: 'h', rooms: [{ room: 'general' }] })
      assert.match(JSON.stringify((await witness.next('joined')).messages), /quiet words/)
      await bo.page.getByRole('button', { name: /^You are Bo/ }).click()
      await bo.page.getByRole('button', { name: 'Sign out or erase me' }).click()
      await bo.accessible('moderation, about me')
      await bo.page.getByRole('button', { name: 'Erase me and all I said' }).click()
      const sure = bo.page.getByRole('dialog', { name: 'Erase me' })
      await sure.getByRole('button', { name: 'Erase me' }).click()
      await bo.page.getByText(/You were erased/).first().waitFor()
      await bo.shoot('moderation, erased')
      await witness.next('erased') // told when all is gone
      witness.send({ type: 'history', room: 'general', before: 1000 })
      const { messages } = await witness.next('history')
      assert.ok(messages.length > 0)
      assert.ok(!JSON.stringify(messages).match(/quiet words|Bo/))
      witness.close()
    })

    ada.clean()
    bo.clean()
  })
}
