// Order is kept, the rest of it: by keyboard alone, sent away, dismissed in the
// middle of it. All of it stands in the audit log, in the page and for the command.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browse, looks, serve, visit } from './harness.mjs'
import { moderate, openPanel, told } from './moderating.mjs'

const MOST_TABS = 60 // through all of the page's controls and around

/** What has the focus, by the name it is read out with. */
const focused = ({ page }) => page.evaluate(() => {
  const { activeElement: at } = document
  return at?.getAttribute('aria-label') ?? at?.labels?.[0]?.textContent ?? at?.textContent ?? ''
})

/** Waits until something has the focus: a dialog that closes gives it back a moment after it is gone. */
async function focusIs(person, name, why) {
  const until = Date.now() + 5000 // ms
  let now = await focused(person)
  while (now !== name && Date.now() < until) {
    await person.page.waitForTimeout(20)
    now = await focused(person)
  }
  assert.equal(now, name, why)
}

/** Presses Tab until something has the focus. */
async function tabTo(person, name) {
  const passed = []
  for (let i = 0; i < MOST_TABS; i++) {
    const now = await focused(person)
    if (now === name) return
    passed.push(now)
    await person.page.keyboard.press('Tab')
  }
  assert.fail(`Tab does not lead to ${name}, but to ${passed.join(', ')}`)
}

for (const look of looks) {
  test(`the rest of order: ${look.name}`, async t => {
    const server = await serve(t)
    const browser = await browse(t)
    const ada = await visit(t, browser, server, { look, path: '/' + await server.operator() })
    await ada.enter('Ada')
    await ada.page.getByRole('button', { name: 'Moderation', exact: true }).waitFor()
    const bo = await visit(t, browser, server, { look })
    await bo.enter('Bo')
    await bo.say('words of Bo')
    const eve = await visit(t, browser, server, { look })
    await eve.enter('Eve')
    await eve.say('words of Eve')
    await ada.sees('words of Eve')

    await t.test('muted, freed and purged by keyboard alone', async () => {
      const { keyboard } = ada.page
      await ada.messageBox.focus()
      const open = async () => {
        await keyboard.press('Enter')
        await ada.page.getByRole('dialog').waitFor()
      }
      const last = async () => {
        await tabTo(ada, 'Messages')
        await keyboard.press('ArrowUp')
      }
      await last()
      await tabTo(ada, 'Moderate Eve')
      await open()
      await tabTo(ada, 'Reason, told to the person')
      await keyboard.type('Be kind')
      await tabTo(ada, 'Mute for')
      await keyboard.press('ArrowDown')
      await tabTo(ada, 'Mute')
      await keyboard.press('Enter')
      await told(eve, /muted you.* until .*Be kind/)
      await ada.page.getByRole('dialog').waitFor({ state: 'detached' })
      await focusIs(ada, 'Moderate Eve', 'after a menu the focus is where it was opened')

      await ada.messageBox.focus()
      await tabTo(ada, 'Moderation')
      await open()
      const panel = ada.page.getByRole('dialog', { name: 'Moderation' })
      const lift = await panel.getByRole('button', { name: /^Lift: .*muted/ }).getAttribute('aria-label')
      await tabTo(ada, lift)
      await keyboard.press('Enter')
      await panel.getByText(/muted .*Eve/).waitFor({ state: 'detached' })
      await ada.until(() => /^Dismiss|^Lock the room/.test(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')) // it stays in the panel
      await keyboard.press('Escape')
      await panel.waitFor({ state: 'detached' })
      await focusIs(ada, 'Moderation')
      await eve.say('more of Eve')
      await ada.sees('more of Eve')

      await ada.messageBox.focus()
      await last()
      await tabTo(ada, 'Moderate Eve')
      await open()
      await tabTo(ada, 'Delete all messages …')
      await keyboard.press('Enter')
      const sure = ada.page.getByRole('dialog', { name: 'Delete all of Eve' })
      await sure.waitFor()
      await focusIs(ada, 'Cancel', 'first comes the way back')
      await keyboard.press('Escape')
      await sure.waitFor({ state: 'detached' })
      await focusIs(ada, 'Moderate Eve')
      await open()
      await tabTo(ada, 'Delete all messages …')
      await keyboard.press('Enter')
      await sure.waitFor()
      await tabTo(ada, 'Delete all')
      await keyboard.press('Enter')
      await sure.waitFor({ state: 'detached' })
      await ada.until(() => document.activeElement?.closest('article')?.textContent === 'This message was deleted.') // the focus is at what is left
      await keyboard.press('ArrowUp')
      await focusIs(ada, 'This message was deleted.', 'and the arrows go on from there')
    })

    await t.test('kicked, told why, and back by hand', async () => {
      await eve.say('again Eve')
      await ada.sees('again Eve')
      const menu = await moderate(ada, 'Eve', 'again Eve')
      await menu.getByLabel('Reason').fill('Not here')
      await menu.getByRole('button', { name: /^Kick/ }).click()
      await menu.waitFor({ state: 'detached' })
      await eve.page.getByText(/Not here/).first().waitFor()
      await eve.accessible('keeping, kicked')
      await eve.page.getByRole('button', { name: 'Connect again' }).click()
      await eve.say('back with manners')
      await ada.sees('back with manners')
    })

    // This machine's own address is neither limited nor banned: here it is seen
    // that the person is out and the address says nothing about others.
    await t.test('banned with the address, and let in again', async () => {
      const menu = await moderate(ada, 'Eve', 'back with manners')
      await menu.getByLabel('Reason').fill('No manners')
      await menu.getByRole('button', { name: 'Ban …' }).click()
      const sure = ada.page.getByRole('dialog', { name: 'Ban Eve' })
      await sure.getByLabel('For how long').selectOption('1 day')
      await sure.getByLabel('Ban the address as well').check()
      await ada.shoot('keeping, a ban')
      await sure.getByRole('button', { name: 'Ban', exact: true }).click()
      await sure.waitFor({ state: 'detached' })
      await eve.page.getByText(/You are banned here for .*No manners/).first().waitFor()
      const panel = await openPanel(ada)
      assert.equal(await panel.getByText(/127\.0\.0\.1 is banned/).count(), 0)
      await panel.getByRole('button', { name: /^Lift: .*banned/ }).click()
      await panel.getByText(/banned .*Eve/).waitFor({ state: 'detached' })
      await ada.page.keyboard.press('Escape')
      await eve.comesBackTo(eve.log.getByText('words of Bo'))
      await eve.say('let in again')
    })

    await t.test('a moderator is dismissed with the panel open', async () => {
      let menu = await moderate(ada, 'Bo', 'words of Bo')
      await menu.getByRole('button', { name: 'Make a moderator' }).click()
      await menu.waitFor({ state: 'detached' })
      await told(bo, /Ada.* made you a moderator\./)
      const panel = await openPanel(bo)
      menu = await moderate(ada, 'Bo', 'words of Bo')
      await menu.getByRole('button', { name: 'Make a guest' }).click()
      await menu.waitFor({ state: 'detached' })
      await panel.waitFor({ state: 'detached' })
      await told(bo, /Ada.* made you a guest\./)
      await bo.page.getByRole('button', { name: /^Moderat/ }).first().waitFor({ state: 'detached' })
      await focusIs(bo, 'Message', 'the focus is where one writes')
      await bo.accessible('keeping, dismissed')
      await bo.say('a guest again')
    })

    await t.test('all of it is in the audit log, in the page and for the command', async () => {
      const acts = (await server.command('audit', '--json')).trim().split('\n').map(JSON.parse)
      assert.deepEqual(acts.map(act => act.do).reverse(), ['appoint', 'mute', 'unmute', 'purge', 'kick', 'ban', 'unban', 'appoint', 'appoint'])
      assert.ok(acts.every(({ byName, name }) => byName === 'Ada' && ['Ada', 'Bo', 'Eve'].includes(name)), JSON.stringify(acts))
      const panel = await openPanel(ada)
      await panel.getByRole('button', { name: 'Audit log' }).click()
      const log = ada.page.getByRole('dialog', { name: 'Audit log' })
      await log.getByRole('listitem').first().waitFor()
      assert.equal(await log.getByRole('listitem').count(), acts.length)
      for (const { do: what, name } of acts) await log.getByText(new RegExp(`${what} .*${name}`)).first().waitFor()
      await ada.page.keyboard.press('Escape')
      await log.waitFor({ state: 'detached' })
      await focusIs(ada, 'Audit log')
    })

    for (const person of [ada, bo, eve]) person.clean()
  })
}
