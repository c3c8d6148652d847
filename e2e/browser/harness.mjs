// What the tests in a browser share: the program as a child process, Chromium,
// and a watch over each page for what must never happen in one.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import WebSocket from 'ws'

const PATIENCE = 15_000 // ms until something that must happen is given up
const START = 20_000 // ms for the program to print its addresses

const binary = process.env.PARLEY_BINARY ?? assert.fail('PARLEY_BINARY names the program')
const screenshots = process.env.PARLEY_SCREENSHOTS
const only = process.env.PARLEY_LOOKS
const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** The four ways in which each flow is driven; PARLEY_LOOKS names one of them. */
export const looks = [
  { name: 'desktop light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'desktop dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'phone light', viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  { name: 'phone dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
].filter(({ name }) => !only || name === only)

/** With PARLEY_FUNCTIONS and PARLEY_DYNAMODB_ENDPOINT the program itself runs the other home; each server has a table of its own. */
export const functions = Boolean(process.env.PARLEY_FUNCTIONS)

/** Starts the program on a port and data of its own, until the test t ends. */
export async function serve(t, ...flags) {
  const data = mkdtempSync(join(tmpdir(), 'parley-browser-'))
  const server = new Server(data, flags)
  t.after(async () => {
    await server.kill()
    rmSync(data, { recursive: true, force: true })
  })
  await server.start('127.0.0.1:0')
  return server
}

class Server {
  log = ''
  #linked
  #first = new Promise(resolve => { this.#linked = resolve })
  #data
  #flags
  #table = `browser-${randomUUID()}`
  #child

  constructor(data, flags) {
    this.#data = data
    this.#flags = [...functions ? ['--table', this.#table] : [], ...flags]
  }

  /** The fragment that makes the first operator: a first start tells it, or whoever runs the functions asks for it. @returns {Promise<string>} */
  async operator() { return new URL(functions ? await this.command('operator', 'link') : await this.#first).hash }

  /** What a command prints that is for this chat while it runs. @param {...string} args */
  async command(...args) {
    const place = functions ? ['--dynamodb-endpoint', process.env.PARLEY_DYNAMODB_ENDPOINT, '--table', this.#table] : ['--data', this.#data]
    return (await promisify(execFile)(binary, [...args, ...place])).stdout
  }

  async start(listen = new URL(this.website).host) {
    const child = spawn(binary, ['serve', '--listen', listen, '--management', '127.0.0.1:0', '--rate-limits', 'off', '--data', this.#data, ...this.#flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stderr.on('data', text => { this.log += text })
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the program did not print its addresses\n${this.log}`)), START)
      child.once('exit', code => reject(new Error(`the program ended with ${code}\n${this.log}`)))
      createInterface({ input: child.stdout }).on('line', line => {
        const [, kind, url] = /^(Website URL|WebSocket URL|Operator link): (\S+)/.exec(line) ?? []
        if (kind === 'Website URL') this.website = url
        if (kind === 'WebSocket URL') {
          this.socket = url
          clearTimeout(late)
          resolve()
        }
        if (kind === 'Operator link') this.#linked(url)
      })
    })
  }

  /** Ends the program, as a crash would unless told otherwise. Returns its exit code, null after a signal. */
  async kill(signal = 'SIGKILL') {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    return gone
  }
}

/** A WebSocket client without a page, as the sample's are, or with the sub-protocol. */
export class Client {
  #socket
  #events = []
  #wake = () => {}

  static async connect(server, ...subprotocols) {
    const client = new Client()
    client.#socket = new WebSocket(server.socket, subprotocols)
    client.#socket.on('message', text => { client.#events.push(JSON.parse(text)); client.#wake() })
    await new Promise((resolve, reject) => client.#socket.once('open', resolve).once('error', reject))
    return client
  }

  send(action) { this.#socket.send(JSON.stringify(action)) }

  /** The next event of one of the types. */
  async next(...types) {
    const late = Date.now() + PATIENCE
    for (;;) {
      const at = this.#events.findIndex(event => types.includes(event.type))
      if (at >= 0) return this.#events.splice(0, at + 1).at(-1)
      if (Date.now() > late) throw new Error(`no ${types} came`)
      await new Promise(resolve => { this.#wake = resolve; setTimeout(resolve, 100) })
    }
  }

  /** Says texts, one after the other, and waits until the last one is back. */
  async say(from, ...texts) {
    for (const text of texts) {
      this.send({ type: 'message', from, text })
      const answer = await this.next('message', 'error')
      if (answer.type === 'error') throw new Error(`${JSON.stringify(text)}: ${answer.code}: ${answer.message}`)
    }
  }

  close() { this.#socket.close() }
}

/** Starts Chromium, until the test t ends. */
export async function browse(t, ...args) {
  const browser = await chromium.launch({
    executablePath: process.env.PARLEY_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...args],
  })
  t.after(() => browser.close())
  return browser
}

/** A person at a browser of their own: its storage is nobody else's. */
export async function visit(t, browser, server, { look = looks[0], path = '/', before } = {}) {
  const { name: _, ...options } = look
  const context = await browser.newContext({ ...options, permissions: ['clipboard-read', 'clipboard-write'], locale: 'en-GB', reducedMotion: 'reduce' })
  context.setDefaultTimeout(PATIENCE)
  t.after(() => context.close())
  return open(context, server, look, path, before)
}

/** Opens a page. */
async function open(context, server, look, path, before) {
  const person = new Person(await context.newPage(), server, look)
  await person.watch()
  await before?.(person)
  await person.page.goto(server.website + path)
  return person
}

class Person {
  name = ''
  violations = []
  errors = []
  foreign = []
  dialogs = []
  navigations = []
  addresses = []
  sessions = new Set()
  expectsOutage = false // the browser itself writes an error for each connection that is refused

  constructor(page, server, look) {
    this.page = page
    this.server = server
    this.look = look
  }

  get log() { return this.page.getByRole('log', { name: 'Messages' }) }
  get messages() { return this.log.locator('article[data-seq]') }
  get nameBox() { return this.page.getByRole('textbox', { name: 'Choose a name' }) }
  get messageBox() { return this.page.getByRole('textbox', { name: 'Message', exact: true }) }
  get sendButton() { return this.page.getByRole('button', { name: 'Send', exact: true }) }

  async watch() {
    const { page } = this
    await page.exposeBinding('__violation', (_, violation) => { this.violations.push(violation) })
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', event => {
        window.__violation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`)
      })
    })
    page.on('console', message => {
      if (message.type() !== 'error' && message.type() !== 'warning') return
      if (this.expectsOutage && /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/.test(message.text())) return
      this.errors.push(`${message.type()}: ${message.text()} (${message.location().url}:${message.location().lineNumber})`)
    })
    page.on('pageerror', error => this.errors.push(`uncaught: ${error.stack ?? error}`))
    page.on('dialog', dialog => { this.dialogs.push(dialog.message()); dialog.dismiss() })
    page.on('popup', popup => this.navigations.push(`popup ${popup.url()}`))
    page.on('framenavigated', frame => this.navigations.push(frame.url()))
    page.on('request', request => this.#address(request.url()))
    page.on('websocket', socket => {
      this.#address(socket.url())
      socket.on('framereceived', ({ payload }) => {
        const session = /"session":"([^"]+)"/.exec(payload)?.[1]
        if (session && payload.startsWith('{"type":"welcome"')) this.sessions.add(session)
      })
    })
  }

  #address(url) {
    this.addresses.push(url)
    const { host, protocol } = new URL(url)
    if (host !== new URL(this.server.website).host && protocol !== 'data:' && protocol !== 'blob:') this.foreign.push(url)
  }

  /** Nothing happened that must not: call it at the end, and in between. */
  clean() {
    assert.deepEqual(this.violations, [], 'violations of the content security policy')
    assert.deepEqual(this.errors, [], 'errors in the console')
    assert.deepEqual(this.foreign, [], 'requests to others')
    assert.deepEqual(this.dialogs, [], 'dialogs')
    for (const session of this.sessions) {
      assert.deepEqual(this.addresses.filter(url => url.includes(session)), [], 'a session token in an address')
      assert.ok(!this.server.log.includes(session), 'a session token in the log')
    }
    for (const url of this.navigations) assert.ok(url === 'about:blank' || url.startsWith(this.server.website + '/'), `navigated to ${url}`)
  }

  /** Another page of the same browser, which shares its storage. */
  another({ path = '/', before } = {}) { return open(this.page.context(), this.server, this.look, path, before) }

  /** Chooses a name and waits for the composer. */
  async enter(name) {
    this.name = name
    await this.nameBox.fill(name)
    await this.nameBox.press('Enter')
    await this.messageBox.waitFor()
  }

  /** Says something and waits until it came back from the server, shown as seen. */
  async say(text, seen = text) {
    await this.write(text)
    await this.sees(seen)
  }

  /** Says something without waiting. */
  async write(text) {
    await this.messageBox.fill(text)
    if (this.look.hasTouch) await this.sendButton.tap()
    else await this.messageBox.press('Enter')
  }

  /** Waits for a message of the server's with this text. */
  async sees(text, timeout = PATIENCE) {
    await this.messages.filter({ hasText: text }).first().waitFor({ timeout })
  }

  async count(text) { return this.messages.filter({ hasText: text }).count() }

  /** Reloads until something is seen: in the other home each function may hear 2 s late of what moderators did. */
  async comesBackTo(seen) {
    for (const late = Date.now() + PATIENCE; ;) {
      await this.page.reload()
      try {
        return await seen.waitFor(functions ? { timeout: 1500 } : {})
      } catch (error) {
        if (!functions || Date.now() > late) throw error
      }
    }
  }

  /** Waits until the condition in the page is true. */
  async until(condition, argument) { await this.page.waitForFunction(condition, argument) }

  /** axe finds nothing in the page as it is now. */
  async accessible(state) {
    await this.shoot(state)
    const before = this.violations.length
    await this.page.evaluate(axe)
    const { passed, found } = await this.page.evaluate(async () => {
      const { violations, passes } = await globalThis.axe.run(document, { preload: false, resultTypes: ['violations'] })
      const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => `${node.html} ${node.failureSummary}`).join(' | ')}`)
      return { passed: passes.length, found }
    })
    assert.ok(passed > 5, `axe had only ${passed} rules to check`)
    this.violations.length = before // axe itself is no part of the page
    assert.deepEqual(found, [], `${state}, ${this.look.name}`)
  }

  /** Keeps a picture, if somebody wants to look. */
  async shoot(state) {
    if (!screenshots) return
    mkdirSync(screenshots, { recursive: true })
    await this.page.screenshot({ path: join(screenshots, `${state} ${this.look.name}.png`.replaceAll(' ', '-')) })
  }
}
