// Somebody with a keyboard and nothing else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, browse, serve, visit } from './harness.mjs'

test('keyboard only', async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const ada = await visit(t, browser, server)
  const { page } = ada
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.labels?.[0]?.textContent ?? document.activeElement?.textContent)
  const press = key => page.keyboard.press(key)

  await ada.nameBox.waitFor()
  await ada.until(() => document.activeElement?.id === 'name') // focused on load, on a desktop
  await page.keyboard.type('Ada')
  await press('Enter')
  await ada.messageBox.waitFor()
  assert.equal(await focused(), 'Message')

  await page.keyboard.type('first line')
  await press('Shift+Enter')
  await page.keyboard.type('second line')
  await press('Enter')
  await ada.sees('second line')
  assert.equal(await ada.messages.count(), 1)
  assert.equal(await focused(), 'Message', 'focus stays after sending')
  await page.keyboard.type('and another')
  await press('Control+Enter')
  await ada.sees('and another')

  await t.test('Enter during composition does not send', async () => {
    await ada.messageBox.evaluate(box => {
      box.value = 'にほ'
      box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))
    })
    await page.waitForTimeout(200)
    assert.equal(await ada.messages.count(), 2)
    await ada.messageBox.fill('')
  })

  await t.test('arrivals do not steal the focus', async () => {
    await page.keyboard.type('half a sen')
    const plain = await Client.connect(server)
    await plain.say('Carol', 'me too')
    plain.close()
    await ada.sees('me too')
    assert.equal(await focused(), 'Message')
    await page.keyboard.type('tence')
    assert.equal(await ada.messageBox.inputValue(), 'half a sentence')
  })

  await t.test('a draft survives a reload', async () => {
    await page.reload()
    await ada.messageBox.waitFor()
    assert.equal(await ada.messageBox.inputValue(), 'half a sentence')
    await ada.until(() => document.activeElement?.getAttribute('aria-label') === 'Message')
    await press('Enter')
    await ada.sees('half a sentence')
  })

  await t.test('every control is reached with Tab, has a name and shows its focus', async () => {
    await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus() }) // Tab begins at the top
    const seen = []
    for (let i = 0; i < 60; i++) {
      await press('Tab')
      const at = await page.evaluate(() => {
        const element = document.activeElement
        if (!element || element === document.body) return null
        const look = () => [element, element.closest('.box')].map(e => {
          const { outline, boxShadow, borderColor, backgroundColor } = e ? getComputedStyle(e) : {}
          return [outline, boxShadow, borderColor, backgroundColor]
        }).join()
        const focused = look()
        element.blur()
        const ring = look() !== focused
        element.focus({ focusVisible: true })
        return {
          name: element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.getAttribute('title') || element.textContent.trim(),
          html: element.outerHTML.slice(0, 120), ring,
        }
      })
      if (!at) break
      assert.notEqual(at.name, '', `${at.html} has no name`)
      assert.ok(at.ring, `${at.html} does not show that it has the focus`)
      seen.push(at.name)
    }
    assert.match(seen[0], /skip/i)
    for (const control of [/^Messages$/, /^Message$/, /^Send$/, /^You are Ada/]) assert.ok(seen.some(name => control.test(name)), `${control} is not reached: ${seen}`)
  })

  await t.test('renamed', async () => {
    await page.getByRole('button', { name: /^You are Ada/ }).focus()
    await press('Enter')
    await page.keyboard.type('Ada L.')
    await press('Enter')
    await ada.messageBox.waitFor()
    await ada.say('by another name')
    assert.match(await ada.messages.last().textContent(), /Ada L\./)
  })

  ada.clean()
})
