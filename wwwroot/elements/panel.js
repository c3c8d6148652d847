// Order in a room: what is in force, what may be changed, what was done.
import { confirm } from './account.js'
import { bdi, copyButton, linkTo, node } from './node.js'
import { DAY, HOUR, lift, line, MINUTE, sentence } from './orders.js'
import { fullDateOf } from './rows.js'
import { sheet, styled } from './styled.js'
/** @import { Chat } from '../sdk/chat.js' */
/** @import { ChatError } from '../sdk/protocol.js' */
/** @import { Room } from '../sdk/room.js' */
/** @import { Act, Action, Audit, Invitation, Moderation, Ruling } from '../sdk/types.js' */

/** @type {[string, number][]} */
const SLOW = [['off', 0], ['one message in 10 s', 10_000], ['one in 30 s', 30_000], ['one a minute', MINUTE], ['one in 5 minutes', 5 * MINUTE], ['one an hour', HOUR]]
/** @type {[string, number][]} */
const GOOD_FOR = [['1 hour', HOUR], ['1 day', DAY], ['7 days', 7 * DAY], ['until revoked', 0]]
/** @type {[string, number][]} */
const DAYS = [['for ever', 0], ['1 day', 1], ['7 days', 7], ['30 days', 30], ['a year', 365]]
/** @type {[string, number][]} */
const NEWEST = [['all', 0], ['100', 100], ['1,000', 1000], ['10,000', 10_000]]
/** @type {[string, string][]} */
const BEGIN = [['everybody', 'guest'], ['moderators', 'moderator'], ['operators', 'operator']]
const GOES = 'What is older, or more, is deleted for everybody, from now on. This cannot be undone.'
const ACTS = 100 // of the audit log at a time

/**
 * The choices of a select, of which one is so now; what the page would not propose is one, too.
 * @template {string | number} T
 * @param {[string, T][]} known @param {T} now @param {(value: T) => string} words for what is not known
 */
const options = (known, now, words) => (known.some(([, value]) => value === now) ? known : [...known, /** @type {[string, T]} */ ([words(now), now])])
  .map(([text, value]) => node('option', { value, selected: value === now }, text))

/** @param {Chat} chat @param {Room} room */
export async function openPanel(chat, room) {
  await styled()
  const panel = new Panel(chat, room)
  sheet('Moderation', panel.content, { side: 'end' })
  panel.draw()
}

class Panel {
  content = node('div', { class: 'order panel', 'data-keep': true }, node('p', { class: 'faint' }, 'Opening …'))
  #trouble = node('p', { class: 'trouble', role: 'alert' })
  #link = node('div', { role: 'status' })
  #chat
  #room

  /** @param {Chat} chat @param {Room} room */
  constructor(chat, room) {
    this.#chat = chat
    this.#room = room
  }

  get #operator() { return this.#chat.you?.role === 'operator' }

  /** Draws what is in force now; the focus stays at the control of the same id, or in the list where one was lifted. */
  async draw() {
    const room = this.#room.name
    const answer = /** @type {Moderation | null} */ (await this.#ask({ type: 'moderation', room }))
    if (!answer) return this.content.replaceChildren(this.#trouble)
    const { activeElement } = document
    const within = this.content.contains(activeElement)
    const { rules } = answer
    /** @param {string} what @param {string} [where] */
    const found = (what, where = room) => rules.find(rule => rule.do === what && rule.room === where)
    const locked = found('lock')
    const reason = node('input', { type: 'text', id: 'lock-reason', maxlength: '200', autocomplete: 'off' })
    this.content.replaceChildren(
      node('h2', {}, 'Order in ', bdi(room)),
      this.#trouble,
      ...locked ? [] : [node('label', { for: 'lock-reason' }, 'Why it is locked'), reason],
      this.#button('lock', locked ? 'Unlock the room' : 'Lock the room', () => this.#do({ type: 'lock', room, ...locked ? { until: 0 } : reason.value.trim() && { reason: reason.value.trim() } })),
      ...this.#select('slow', 'Slow mode', SLOW, found('slow')?.every ?? 0, every => this.#do({ type: 'slow', room, every: Number(every) })),
      this.#check('invited', 'Only by invitation', Boolean(found('invited')), on => this.#do({ type: 'invited', room, on })),
      ...this.#inviting(room),
      ...this.#operator ? [
        ...this.#retaining(room, where => found('retain', where)),
        ...this.#select('creation', 'Who may begin rooms', BEGIN, found('creation', '')?.role || 'guest', role => this.#do({ type: 'creation', role })),
      ] : [],
      node('h2', {}, 'In force'),
      rules.length ? node('ul', { role: 'list' }, ...rules.map(rule => this.#inForce(rule))) : node('p', { class: 'faint' }, 'Nothing: everybody may speak.'),
      ...this.#operator ? [this.#button('audit', 'Audit log', () => new AuditLog(this.#chat).open())] : [])
    const again = within && (activeElement?.id ? this.content.querySelector(`#${CSS.escape(activeElement.id)}`) : this.content.querySelector('li button')) || within && this.content.querySelector('#keep-lock')
    if (again) /** @type {HTMLElement} */ (again).focus()
  }

  /** @param {string} room */
  #inviting(room) {
    const good = node('select', { id: 'good-for' }, ...GOOD_FOR.map(([label, ms]) => node('option', { value: ms, selected: ms === DAY }, label)))
    const make = async () => {
      const invitation = /** @type {Invitation | null} */ (await this.#ask({ type: 'invite', room, ...Number(good.value) && { until: Date.now() + Number(good.value) } }))
      if (!invitation) return
      const link = `${linkTo(room)}#invitation=${invitation.link}`
      await this.draw()
      this.#link.replaceChildren(node('code', {}, link), copyButton('Copy link', () => link), node('p', { class: 'faint' },
        invitation.until ? `Good until ${fullDateOf(invitation.until)}. ` : 'Good until revoked. ', 'It is shown only now.'))
    }
    return [node('label', { for: 'good-for' }, 'An invite link, good for'), node('div', { class: 'pair' }, good, this.#button('invite', 'Make a link', make)), this.#link]
  }

  /**
   * Less is kept only after a question: what goes is gone.
   * @param {string} room @param {(room: string) => Ruling | undefined} found the rule of a room, or of all: ''
   */
  #retaining(room, found) {
    const where = node('select', { id: 'keep-where', onchange: () => fill() }, node('option', { value: room }, `in ${room}`), node('option', { value: '' }, 'in all other rooms'))
    const days = node('select', { id: 'keep-days' })
    const newest = node('select', { id: 'keep-newest' })
    const fill = () => {
      const rule = found(where.value) ?? found('')
      days.replaceChildren(...options(DAYS, rule?.days ?? 0, count => `${count} days`))
      newest.replaceChildren(...options(NEWEST, rule?.messages ?? 0, String))
    }
    const set = () => {
      const [of, age, most] = [where.value, Number(days.value), Number(newest.value)]
      this.#keep(age || most ? GOES : 'From now on nothing is deleted by itself.', age || most ? 'Keep no more' : 'Keep all',
        { type: 'retain', ...of && { room: of }, ...age && { days: age }, ...most && { messages: most } })
    }
    fill()
    return [node('label', { for: 'keep-where' }, 'Keep messages'), where,
      node('div', { class: 'pair' }, node('div', {}, node('label', { for: 'keep-days' }, 'For how long'), days), node('div', {}, node('label', { for: 'keep-newest' }, 'How many'), newest)),
      this.#button('retain', 'Set what is kept …', set)]
  }

  /** @param {string} words @param {string} does @param {Action} action */
  async #keep(words, does, action) {
    const dialog = await confirm('Keep messages', [words], does, () => this.#chat.act(action))
    dialog.addEventListener('close', () => this.draw())
  }

  /** @param {Ruling} rule */
  #inForce(rule) {
    const told = rule.do === 'ban' && rule.address ? `${rule.address} is banned.` : sentence(rule, this.#chat.you?.id)
    const mine = rule.do === 'appoint' && (rule.person === this.#chat.you?.id || !this.#operator)
    const takes = (rule.do === 'creation' || rule.do === 'retain') && !this.#operator
    const back = () => rule.do === 'retain' && rule.room
      ? this.#keep(`The room keeps what all rooms do, from now on. ${GOES}`, 'Keep as in all rooms', lift(rule)) : this.#do(lift(rule))
    const lifts = rule.do === 'appoint' ? 'Dismiss' : rule.do === 'invite' ? 'Revoke' : 'Lift'
    return node('li', {}, node('span', { dir: 'auto', title: fullDateOf(rule.at) }, told),
      !mine && !takes && node('button', { type: 'button', class: 'quiet', 'aria-label': `${lifts}: ${told}`, onclick: back }, lifts))
  }

  /** @param {string} id @param {string} label @param {() => void} run */
  #button(id, label, run) { return node('button', { type: 'button', id: `keep-${id}`, class: 'row', onclick: run }, label) }

  /**
   * @template {string | number} T
   * @param {string} id @param {string} label @param {[string, T][]} known @param {T} now @param {(value: string) => void} chosen
   */
  #select(id, label, known, now, chosen) {
    const select = node('select', { id: `keep-${id}`, onchange: () => chosen(select.value) }, ...options(known, now, String))
    return [node('label', { for: `keep-${id}` }, label), select]
  }

  /** @param {string} id @param {string} label @param {boolean} on @param {(on: boolean) => void} chosen */
  #check(id, label, on, chosen) {
    const box = node('input', { type: 'checkbox', id: `keep-${id}`, checked: on, onchange: () => chosen(box.checked) })
    return node('div', { class: 'check' }, box, node('label', { for: `keep-${id}` }, label))
  }

  /** @param {Action} action */
  async #do(action) { if (await this.#ask(action)) this.draw() }

  /** @param {Action} action what was refused is told, and null returned */
  async #ask(action) {
    this.#trouble.textContent = ''
    return this.#chat.act(action).catch(error => {
      this.#trouble.textContent = /** @type {ChatError} */ (error).message
      return null
    })
  }
}

/** What was done, the newest first. */
class AuditLog {
  #chat
  /** @type {Act[]} */ #acts = []
  #list = node('ol', { role: 'list', class: 'audit' })
  #trouble = node('p', { class: 'trouble', role: 'alert' })
  #more = node('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#load() }, 'Earlier')

  /** @param {Chat} chat */
  constructor(chat) { this.#chat = chat }

  open() {
    sheet('Audit log', node('div', { class: 'order', 'data-keep': true }, node('h2', {}, 'Audit log'), this.#trouble,
      node('button', { type: 'button', class: 'quiet', onclick: () => this.#export() }, 'Save as JSON'), this.#list, this.#more))
    return this.#load()
  }

  /** @returns {Promise<boolean>} whether there is more */
  async #load() {
    try {
      const before = this.#acts.at(-1)?.seq
      const { acts, more } = /** @type {Audit} */ (await this.#chat.act({ type: 'audit', ...before && { before }, limit: ACTS }))
      this.#acts.push(...acts.map(({ seq, at, by, byName, do: what, room, person, name, detail }) => ({ seq, at, by, byName, do: what, room, person, name, detail })))
      this.#list.append(...acts.map(act => node('li', {}, node('time', { class: 'faint', datetime: new Date(act.at).toISOString() }, fullDateOf(act.at)), node('p', { dir: 'auto' }, line(act)))))
      this.#more.hidden = !more
      return more
    } catch (error) {
      this.#trouble.textContent = /** @type {ChatError} */ (error).message
      return false
    }
  }

  async #export() {
    if (!this.#more.hidden) while (await this.#load());
    const href = URL.createObjectURL(new Blob([JSON.stringify(this.#acts, null, 2)], { type: 'application/json' }))
    node('a', { href, download: 'audit.json' }).click()
    setTimeout(() => URL.revokeObjectURL(href), MINUTE)
  }
}
