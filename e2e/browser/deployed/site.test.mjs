// The deployed page, at the address that deploy prints: PARLEY_SITE, which the
// browser finds at PARLEY_SITE_ADDRESS. What it gets comes from the bucket.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browse, visit } from '../harness.mjs'

const { PARLEY_SITE: website, PARLEY_SITE_SOCKET: socket, PARLEY_SITE_ADDRESS: address } = process.env

test('two people talk on the deployed page', async t => {
  const server = { website, socket, log: '' }
  const { host } = new URL(website)
  const browser = await browse(t, `--host-resolver-rules=MAP ${host} ${address}`, '--ignore-certificate-errors')

  const sockets = []
  const ada = await visit(t, browser, server, { before: ({ page }) => page.on('websocket', opened => sockets.push(opened.url())) })
  await ada.enter('Ada')
  await ada.say('Is this the place in the cloud?')
  assert.deepEqual([...new Set(sockets)], [socket], 'the sockets that were opened')

  const grace = await visit(t, browser, server, { path: '/r/general' })
  await grace.sees('the place in the cloud')
  await grace.enter('Grace')
  await grace.say('It is')
  await ada.sees('It is')

  const room = await visit(t, browser, server, { path: '/r/caf%C3%A9%20%E2%98%95' })
  await room.page.getByRole('heading', { name: 'café ☕' }).waitFor()
  assert.equal(await room.messages.count(), 0)

  for (const [path, status, type, caching] of [
    ['/', 200, 'text/html; charset=utf-8', 'no-cache'],
    ['/r/general', 200, 'text/html; charset=utf-8', 'no-cache'],
    ['/app.js', 200, 'text/javascript; charset=utf-8', 'public, max-age=0, s-maxage=86400'],
    ['/config.json', 200, 'application/json', 'no-store'],
    ['/nothing', 404], ['/r/a/b', 404], ['/.unfinished', 404],
  ]) {
    const got = await ada.page.evaluate(async path => {
      const answer = await fetch(path, { cache: 'no-store' })
      return { status: answer.status, type: answer.headers.get('content-type'), caching: answer.headers.get('cache-control') }
    }, path)
    assert.equal(got.status, status, path)
    if (type) assert.deepEqual([got.type, got.caching], [type, caching], path)
  }
  ada.errors = ada.errors.filter(text => !text.includes('404')) // those just asked for
  for (const person of [ada, grace, room]) person.clean()
})
