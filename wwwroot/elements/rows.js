/** @typedef {import('../sdk/types.js').Message} Message */
/** @typedef {import('../sdk/types.js').Pending} Pending */

/**
 * A message as it is drawn: live, from history, or pending.
 * @typedef {object} Said
 * @property {'message'} kind
 * @property {string} key the same before and after the server's copy has come
 * @property {number} seq 0 while pending
 * @property {string} person
 * @property {string} from
 * @property {string} text
 * @property {number} at ms since 1970, 0 if not known any more
 * @property {boolean} mine
 * @property {boolean} follows the one before is by the same person and shows who
 * @property {'' | 'edited' | 'deleted' | 'lost' | Pending['state']} state
 * @property {string} reason why it failed
 * @property {string} id the client's
 *
 * @typedef {{kind: 'day', key: string, at: number}} Day
 * @typedef {{kind: 'line', key: string, words: (string | {name: string})[]}} SystemLine
 * @typedef {Said | Day | SystemLine} Row
 */

/**
 * What is not in the log but stands between messages.
 * @typedef {{after: number, at: number, key: string, words: (string | {name: string})[]}} Line
 * after: the sequence above it; at: ms since 1970
 */

const DAY = 24 * 60 * 60 * 1000 // ms
const TOGETHER = 5 * 60 * 1000 // ms between messages that share one header

/**
 * What stands in the list, from top to bottom.
 * @param {object} of
 * @param {readonly Message[]} of.messages in sequence
 * @param {readonly Pending[]} of.pending
 * @param {readonly Line[]} of.lines in the order they happened
 * @param {boolean} of.whole nothing is older than these messages
 * @param {{id: string, name: string} | null} of.you
 * @returns {Row[]}
 */
export function rows({ messages, pending, lines, whole, you }) {
  /** @type {Row[]} */
  const all = []
  let day = ''
  /** @type {Map<string, number>} */
  const days = new Map()
  let line = 0
  /** @type {Said | null} */
  let above = null

  /** @param {number} at */
  const addDayOf = at => {
    if (!at || dayOf(at) === day) return
    day = dayOf(at)
    const again = days.get(day) ?? 0 // clocks differ: a day may come back
    days.set(day, again + 1)
    all.push({ kind: 'day', key: `day ${day} ${again}`, at })
    above = null
  }
  /** @param {Said} said */
  const add = said => {
    addDayOf(said.at)
    said.follows = above !== null && together(above, said)
    above = said
    all.push(said)
  }
  /** @param {number} seq */
  const addLinesBefore = seq => {
    for (; line < lines.length && lines[line].after < seq; line++) {
      addDayOf(lines[line].at)
      all.push({ kind: 'line', key: lines[line].key, words: lines[line].words })
      above = null
    }
  }

  const first = whole ? 0 : messages[0]?.seq ?? 0
  while (line < lines.length && lines[line].after < first) line++ // its place is above what is shown
  for (const message of messages) {
    addLinesBefore(message.seq)
    add(ofMessage(message, you))
  }
  addLinesBefore(Infinity)
  for (const item of pending) add(ofPending(item, you))
  return all
}

/** @param {Said} above @param {Said} said */
const together = (above, said) =>
  above.person === said.person && above.from === said.from && gone(above) === gone(said) &&
  said.at - above.at < TOGETHER

/** @param {Said} said */
const gone = said => said.state === 'deleted' || said.state === 'lost'

/** @param {Message} message @param {{id: string} | null} you @returns {Said} */
function ofMessage({ seq, id, person, from, text, at, edited, deleted, lost }, you) {
  const mine = you !== null && person === you.id && person !== ''
  const state = deleted ? 'deleted' : lost ? 'lost' : edited ? 'edited' : ''
  return { kind: 'message', key: mine && id ? `mine ${id}` : `seq ${seq}`, seq, id, person, from, text, at, mine, follows: false, state, reason: '' }
}

/** @param {Pending} pending @param {{id: string, name: string} | null} you @returns {Said} */
function ofPending({ id, text, at, state, error }, you) {
  return { kind: 'message', key: `mine ${id}`, seq: 0, id, person: you?.id ?? '', from: you?.name ?? '', text, at, mine: true, follows: false, state, reason: error?.message ?? '' }
}

const hourAndMinute = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const otherYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })

/** @param {number} at ms since 1970 */
export const timeOf = at => hourAndMinute.format(at)

/** @param {number} at ms since 1970 */
export const fullDateOf = at => complete.format(at)

/**
 * The local date as a key: two messages of one day have the same.
 * @param {number} at ms since 1970
 */
export function dayOf(at) {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

/**
 * The local date in words.
 * @param {number} at ms since 1970
 * @param {number} now ms since 1970
 */
export function dayName(at, now) {
  const noon = new Date(now).setHours(12) // 24 hours before noon is yesterday, whatever the clocks were set to
  if (dayOf(at) === dayOf(now)) return 'Today'
  if (dayOf(at) === dayOf(noon - DAY)) return 'Yesterday'
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear).format(at)
}
