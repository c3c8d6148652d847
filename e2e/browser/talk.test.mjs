// Two people talk, at both sizes and in both themes; axe looks at each state.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, browse, looks, serve, visit } from './harness.mjs'

for (const look of looks) {
  test(look.name, async t => {
    const server = await serve(t)
    const browser = await browse(t)

    const ada = await visit(t, browser, server, { look })
    await ada.nameBox.waitFor()
    await ada.page.getByText('Nobody has said anything yet').waitFor()
    await ada.accessible('1 nobody here')
    await ada.enter('Ada')
    await ada.say('Good morning. Is this **the** place?', 'Is this the place?')

    await t.test('history is readable before a name is chosen', async () => {
      const reader = await visit(t, browser, server, { look })
      await reader.sees('Good morning')
      await reader.nameBox.waitFor()
      assert.equal(await reader.messageBox.count(), 0)
      await reader.accessible('2 reading before a name')
      reader.clean()
    })

    const grace = await visit(t, browser, server, { look })
    await t.test('a name that is taken is told beside the box, with a free one', async () => {
      await grace.nameBox.fill('ADA')
      await grace.nameBox.press('Enter')
      const suggestion = grace.page.getByRole('button', { name: /^Use / })
      await suggestion.waitFor()
      assert.notEqual(await grace.page.getByRole('alert').textContent(), '')
      await grace.accessible('3 name taken')
      const free = (await suggestion.textContent()).replace(/^Use /, '')
      await suggestion.click()
      await grace.messageBox.waitFor()
      await grace.say(`I am ${free}`)
      assert.match(await grace.messages.last().textContent(), new RegExp(free))
    })

    await t.test('each sees what the other says, once and in order', async () => {
      await ada.say('one')
      await grace.sees('one')
      await grace.say('two')
      await ada.sees('two')
      await ada.say('three')
      await grace.sees('three')
      for (const person of [ada, grace]) {
        const sequences = await person.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq)))
        assert.deepEqual(sequences, [1, 2, 3, 4, 5])
      }
      assert.equal(await ada.page.locator('article strong', { hasText: 'the' }).count(), 1)
    })

    await t.test('much to look at', async () => {
      const plain = await Client.connect(server)
      await plain.say('Carol', 'A list:\n\n- apples\n- pears', '> quoted\n\nand answered', '```\nfor (;;) {}\n```', 'See https://www.example.com/ and `code`', '🎉',
        'A_very_long_word_'.repeat(30), 'שלום עולם', 'Line one\nLine two')
      plain.close()
      await ada.sees('Line two')
      await ada.accessible('4 talking')
      await grace.accessible('4 talking too')
    })

    await t.test('a reload keeps name and history', async () => {
      await ada.page.reload()
      await ada.sees('three')
      await ada.messageBox.waitFor()
      await ada.say('back again')
      assert.match(await ada.page.getByRole('button', { name: /^You are / }).getAttribute('aria-label'), /You are Ada\b/)
      await grace.sees('back again')
    })

    await t.test('another room by its link', async () => {
      const other = await visit(t, browser, server, { look, path: '/r/design' })
      await other.page.getByRole('heading', { name: 'design' }).waitFor()
      await other.page.getByText('Nobody has said anything yet').waitFor()
      assert.equal(await other.messages.count(), 0)
      other.clean()
    })

    await t.test('rooms, people, help', async () => {
      for (const side of ['Rooms', 'People', 'Help']) {
        const button = ada.page.getByRole('button', { name: new RegExp(`^${side}`) })
        await button.click()
        await ada.page.waitForTimeout(300) // what slides or fades in is there
        await ada.accessible(`5 ${side}`)
        await ada.page.keyboard.press('Escape')
      }
    })

    ada.clean()
    grace.clean()
  })
}
