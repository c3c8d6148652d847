// Reading back through more than a page holds: nothing jumps, nothing is missing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, browse, looks, serve, visit } from './harness.mjs'

const MESSAGES = 230

for (const look of [looks[0], looks[2]]) {
  test(`paging, ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const plain = await Client.connect(server)
    const texts = Array.from({ length: MESSAGES }, (_, i) => `number ${i + 1} ${'and some more words '.repeat(i % 7)}`.trim())
    await plain.say('Carol', ...texts)

    const ada = await visit(t, browser, server, { look })
    await ada.sees(`number ${MESSAGES}`)
    const { page } = ada
    const atEnd = () => page.evaluate(() => {
      const log = document.querySelector('[role=log]')
      let scroller = log
      while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement
      return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight
    })
    assert.ok(await atEnd() < 5, 'opens at the end')

    const seen = new Set()
    let jumps = 0
    for (let rounds = 0; rounds < 40; rounds++) {
      for (const seq of await ada.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq)))) seen.add(seq)
      // Scrolls up by a screen and more, and follows one article that is in view
      // while older ones come in above it.
      const round = await page.evaluate(async () => {
        const log = document.querySelector('[role=log]')
        let scroller = log
        while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement
        const frame = () => new Promise(requestAnimationFrame)
        const first = () => Number(log.querySelector('article[data-seq]')?.dataset.seq)
        const oldest = first()
        scroller.scrollTop = Math.max(0, scroller.scrollTop - scroller.clientHeight * 0.8)
        await frame()
        const top = scroller.getBoundingClientRect().top
        const anchor = [...log.querySelectorAll('article[data-seq]')].find(article => article.getBoundingClientRect().top >= top)
        const seq = anchor?.dataset.seq
        const before = anchor?.getBoundingClientRect().top
        let worst = 0
        for (let i = 0; i < 30; i++) {
          await frame()
          const now = log.querySelector(`article[data-seq="${seq}"]`)
          if (now) worst = Math.max(worst, Math.abs(now.getBoundingClientRect().top - before))
        }
        return { oldest, first: first(), worst, top: scroller.scrollTop, height: scroller.clientHeight, articles: log.querySelectorAll('article').length }
      })
      assert.ok(round.articles <= 330, `${round.articles} messages in the page`)
      if (round.worst > 2) {
        jumps++
        t.diagnostic(`jump of ${round.worst} px: ${JSON.stringify(round)}`)
      }
      if (round.first === 1 && round.top === 0) break
    }
    for (const seq of await ada.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq)))) seen.add(seq)
    assert.equal(jumps, 0, 'the view jumped')
    assert.deepEqual([...seen].sort((a, b) => a - b), Array.from({ length: MESSAGES }, (_, i) => i + 1))
    await ada.accessible('8 at the beginning')

    await t.test('what arrives meanwhile does not move the view, and is told', async () => {
      const before = await ada.messages.first().evaluate(article => article.getBoundingClientRect().top)
      await plain.say('Carol', 'news at the end')
      const pill = page.getByRole('button', { name: /new message/ })
      await pill.waitFor()
      assert.ok(Math.abs(await ada.messages.first().evaluate(article => article.getBoundingClientRect().top) - before) <= 2)
      await ada.accessible('9 news below')
      await pill.click()
      await ada.sees('news at the end')
      await ada.until(() => {
        const last = [...document.querySelectorAll('article[data-seq]')].at(-1).getBoundingClientRect()
        return last.bottom <= innerHeight && last.top >= 0
      })
    })
    plain.close()
    ada.clean()
  })
}
