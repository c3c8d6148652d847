// What people write is shown, and never runs: as text, as name, as room, live
// and from history.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, browse, serve, visit } from './harness.mjs'
import { literal, names, rooms, texts } from './payloads.mjs'

const BATCH = 35 // messages in a room: less than a page of history
const squeezed = text => text.replace(/[\s\u0000-\u001f\u007f-\u009f\ufffd]/g, '') // a browser shows some characters by nothing, or by another

/** What of a text one can see, spaces apart: of a reason nothing else is kept. */
const visible = text => text.normalize('NFC').replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\u2800\ufffd]/gu, '')

/** What is in the page that could have come from a text. */
const inspect = page => page.evaluate(() => {
  const allowed = new Set(['ARTICLE', 'HEADER', 'DIV', 'SPAN', 'BDI', 'TIME', 'P', 'BR', 'STRONG', 'EM', 'DEL', 'CODE', 'PRE', 'BLOCKQUOTE', 'UL', 'OL', 'LI', 'A', 'BUTTON', 'svg', 'path', 'H2'])
  const wrong = []
  for (const element of document.querySelectorAll('[role=log] *')) {
    if (!allowed.has(element.tagName)) wrong.push(element.outerHTML.slice(0, 200))
  }
  for (const element of document.querySelectorAll('body *')) {
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name) || ['srcdoc', 'src', 'action', 'formaction', 'background', 'poster', 'data', 'srcset', 'xlink:href'].includes(name)) wrong.push(`${name}=${value}`)
      if (name === 'href' && !/^(https?:\/\/|\/|#)/.test(value) || name === 'href' && /^\/[/\\]/.test(value)) wrong.push(`href=${value}`)
      if (name === 'target' && value === '_blank' && !/noopener/.test(element.rel)) wrong.push('a link without noopener')
    }
  }
  for (const tag of ['script', 'iframe', 'object', 'embed', 'base', 'img', 'image', 'video', 'audio', 'style', 'link', 'meta', 'math', 'frame', 'foreignObject', 'animate']) {
    if (document.body.querySelector(tag)) wrong.push(`<${tag}> in the body`)
  }
  return { wrong, ran: typeof window.__xss }
})

/** What a page asks for that shows nothing: anything else was asked for by a text. */
async function usual(t, browser, server) {
  const person = await visit(t, browser, server, { path: '/r/usual' })
  await person.nameBox.waitFor()
  await person.page.waitForTimeout(300)
  return new Set(person.addresses)
}

async function harmless(person, known) {
  const { wrong, ran } = await inspect(person.page)
  assert.equal(ran, 'undefined', 'a text ran')
  assert.deepEqual(wrong, [])
  assert.deepEqual(person.addresses.filter(url => !known.has(url) && url !== person.page.url()), [], 'requests that a text made')
  person.clean()
}

const sequences = person => person.messages.evaluateAll(all => all.map(article => Number(article.dataset.seq)))
const shown = person => person.messages.evaluateAll(all => all.map(article => article.querySelector('.prose')?.textContent ?? article.textContent))

async function waitFor(person, count) {
  await person.until(count => document.querySelectorAll('[role=log] article[data-seq]').length >= count, count).catch(late => {
    person.clean() // tells more, if the page did not get over a text
    throw late
  })
  await person.page.waitForTimeout(100) // for an image that fails to load, or a script to run
}

test(`${texts.length} texts`, async t => {
  assert.ok(texts.length >= 200)
  assert.ok(literal.size >= 100)
  const server = await serve(t)
  const browser = await browse(t)
  const known = await usual(t, browser, server)
  const mallory = await Client.connect(server, 'parley.v1')
  mallory.send({ type: 'hello', name: 'Mallory' })
  await mallory.next('welcome')

  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH)
    const room = `xss${from}`
    const reader = await visit(t, browser, server, { path: `/r/${room}` })
    await reader.page.getByText('Nobody has said anything yet').waitFor()
    mallory.send({ type: 'join', room })
    await mallory.next('joined')
    for (const [i, text] of batch.entries()) {
      mallory.send({ type: 'message', id: `${from + i}`, room, text })
      const answer = await mallory.next('message', 'error')
      assert.equal(answer.type, 'message', `${text}: ${answer.message}`)
      assert.equal(answer.text, text)
    }
    mallory.send({ type: 'leave', room })
    await mallory.next('left')

    for (const when of ['live', 'from history']) {
      await waitFor(reader, batch.length)
      await harmless(reader, known)
      assert.deepEqual(await sequences(reader), batch.map((_, i) => i + 1), when)
      const texts = await shown(reader)
      for (const [i, text] of batch.entries()) {
        if (literal.has(text)) assert.equal(squeezed(texts[i]), squeezed(text), `${when}: shown otherwise`)
        else assert.notEqual(squeezed(texts[i]) + 'x', 'x', `${when}: ${JSON.stringify(text)} is shown as nothing`)
      }
      if (when === 'live') await reader.page.reload()
    }
    await reader.page.context().close()
  }
  mallory.close()
})

test(`${names.length} names`, async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const known = await usual(t, browser, server)
  const mallory = await Client.connect(server, 'parley.v1')
  mallory.send({ type: 'hello' })
  await mallory.next('welcome')
  let taken = []
  const batches = []
  for (const name of names) {
    if (taken.length === 0) {
      const room = `names${batches.length}`
      const reader = await visit(t, browser, server, { path: `/r/${room}` })
      await reader.page.getByText('Nobody has said anything yet').waitFor()
      mallory.send({ type: 'join', room })
      await mallory.next('joined')
      batches.push({ room, reader, taken })
    }
    mallory.send({ type: 'rename', id: name.slice(0, 8).replace(/[^\x20-\x7e]/g, '?'), name })
    const answer = await mallory.next('renamed', 'error')
    if (answer.type === 'error') {
      assert.ok(['bad_name', 'name_taken', 'name_reserved', 'bad_field'].includes(answer.code), answer.message)
      continue
    }
    const { room } = batches.at(-1)
    mallory.send({ type: 'typing', room })
    mallory.send({ type: 'message', room, text: `I am ${taken.length}` })
    assert.equal((await mallory.next('message', 'error')).type, 'message')
    taken.push(answer.to)
    if (taken.length === BATCH || name === names.at(-1)) {
      const { reader } = batches.at(-1)
      for (const when of ['live', 'from history']) {
        await waitFor(reader, taken.length)
        await harmless(reader, known)
        const from = await reader.page.locator('[role=log] article .name').allTextContents()
        assert.deepEqual(new Set(from.filter(Boolean)).size, new Set(taken).size, `${when}: ${from}`)
        for (const name of taken) assert.ok(from.includes(name), `${when}: ${name} is not shown`)
        if (when === 'live') await reader.page.reload()
      }
      await reader.page.context().close()
      mallory.send({ type: 'leave', room })
      await mallory.next('left')
      taken = []
    }
  }
  const total = batches.reduce((sum, { taken }) => sum + taken.length, 0)
  t.diagnostic(`${total} of ${names.length} names were accepted`)
  assert.ok(total >= 60)
  mallory.close()

  await t.test('as my own', async () => {
    const me = await visit(t, browser, server, { path: '/r/mine' })
    await me.enter('<img src=x onerror=__xss=1>')
    await me.say('who am I?')
    await me.page.reload()
    await me.sees('who am I?')
    await harmless(me, known)
  })
})

test(`${rooms.length} rooms`, async t => {
  const server = await serve(t)
  const browser = await browse(t)
  const known = await usual(t, browser, server)
  known.add(server.website + '/')
  const reader = await visit(t, browser, server)
  await reader.enter('Reader')
  for (const room of rooms) {
    await reader.page.goto(`${server.website}/r/${encodeURIComponent(room)}`)
    await reader.messageBox.waitFor()
    await reader.say('hello')
    assert.equal(await reader.page.getByRole('heading', { level: 1 }).textContent(), room)
    known.add(reader.page.url())
    await harmless(reader, known)
    await reader.page.goto(server.website + '/') // the list of rooms has its name
    await reader.messageBox.waitFor()
    await reader.page.waitForTimeout(50)
    await harmless(reader, known)
  }
})

// Reasons of moderators: told to the room, to the person concerned, and again to
// whoever comes while they are in force.
test('texts as reasons', async t => {
  const reasons = texts.filter(text => text.trim() !== '' && [...text].length <= 200 && !text.includes('\0'))
  assert.ok(reasons.length >= 200)
  const server = await serve(t)
  const browser = await browse(t)
  const known = await usual(t, browser, server)
  const operator = await Client.connect(server, 'parley.v1')
  operator.send({ type: 'hello', name: 'Oscar', link: (await server.operator()).replace('#operator=', '') })
  assert.equal((await operator.next('session', 'error')).you?.role, 'operator')

  for (let from = 0; from < reasons.length; from += BATCH) {
    const room = `reasons${from}`
    const reader = await visit(t, browser, server, { path: `/r/${room}` })
    await reader.enter(`Reader ${from}`)
    operator.send({ type: 'join', room })
    const person = (await operator.next('joined')).people.find(({ name }) => name === reader.name).id
    for (const [i, reason] of reasons.slice(from, from + BATCH).entries()) {
      operator.send({ id: 'x', room, reason, ...i % 2 ? { type: 'mute', person } : { type: 'lock' } })
      const answer = await operator.next('moderated', 'error')
      assert.equal(answer.type, 'moderated', `${reason}: ${answer.message}`)
      assert.equal(visible(answer.reason ?? ''), visible(reason)) // kept as one line
      assert.doesNotMatch(answer.reason ?? '', /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }
    operator.send({ type: 'lock', id: 'end', room, reason: 'That was all.' })
    await reader.log.getByText('That was all.').first().waitFor()
    for (const url of reader.addresses) if (/\/elements\/[a-z-]+\.js$/.test(url)) known.add(url) // the page's own, loaded when first needed
    await harmless(reader, known)
    operator.send({ type: 'lock', id: 'x', room, reason: reasons[from] })
    await operator.next('moderated')
    await reader.page.reload()
    await reader.messageBox.waitFor()
    await reader.page.waitForTimeout(100)
    known.add(reader.page.url())
    await harmless(reader, known)
    await reader.page.context().close()
    operator.send({ type: 'leave', room })
    await operator.next('left')
  }
  operator.close()
})
