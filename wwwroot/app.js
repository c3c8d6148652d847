import './elements/chat-app.js'
import { part, pathOf, roomOf } from './elements/node.js'
import { Chat } from './sdk/chat.js'

/** @import { ChatApp } from './elements/chat-app.js' */

const PATIENCE = 30 * 1000 // ms, the longest wait between two tries to fetch config.json

const app = /** @type {ChatApp} */ (part(document, 'chat-app'))

/**
 * The address of the WebSocket, as in the sample of 2019: config.json, key
 * "server". index.html asks for it first, and its headers keep it out of caches.
 * Asks until there is an answer.
 * @returns {Promise<string>}
 */
async function server() {
  for (let tries = 0; ; tries++) {
    try {
      const answer = await fetch(new URL('config.json', import.meta.url))
      const { server } = await answer.json()
      app.trouble = null
      return new URL(server, location.href).href.replace(/^http/, 'ws')
    } catch {
      await retryAfter(Math.random() * Math.min(PATIENCE, 1000 * 2 ** tries) + 500)
    }
  }
}

/** @param {number} wait ms @returns {Promise<void>} */
const retryAfter = wait => new Promise(run => {
  const again = () => { clearTimeout(timer); removeEventListener('online', again); run() }
  const timer = setTimeout(again, wait)
  addEventListener('online', again)
  app.trouble = { text: 'Parley cannot be reached. Trying again', until: Date.now() + wait, action: 'Retry now', run: again }
})

part(document, 'h1 bdi').textContent = roomOf(location.pathname) // before there is an answer

// What the link is good for is a secret: it leaves the address at once.
const takeLink = () => {
  const link = /^#(?:operator|invitation)=([\w-]+)$/.exec(location.hash)?.[1] ?? ''
  if (link) history.replaceState(null, '', location.pathname)
  return link
}
const link = takeLink()

const chat = new Chat({ server: await server(), link })
const enter = () => {
  const name = roomOf(location.pathname)
  app.room = name ? chat.join(name) : null
}

app.chat = chat
enter()
chat.hidden = document.hidden
chat.start()

app.addEventListener('enter', event => {
  const path = pathOf(/** @type {CustomEvent<string>} */ (event).detail)
  if (path !== location.pathname) history.pushState(null, '', path)
  enter()
})
addEventListener('popstate', enter)
addEventListener('hashchange', () => {
  const link = takeLink()
  if (link) chat.follow(link).catch(error => chat.dispatchEvent(new CustomEvent('error', { detail: error })))
})
addEventListener('online', () => chat.wake())
addEventListener('offline', () => chat.wake())
const look = () => { chat.hidden = document.hidden; if (!document.hidden) chat.wake() }
document.addEventListener('visibilitychange', look)
addEventListener('beforeunload', event => { if (chat.forgetful) event.preventDefault() }) // the browser asks
addEventListener('pageshow', event => { if (event.persisted) chat.wake() })
