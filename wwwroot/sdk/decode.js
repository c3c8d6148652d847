// Frames come from outside: each field is checked here, once, so that nobody
// behind needs to. What is not understood is ignored; nothing here throws.

/** @typedef {import('./types.js').ServerEvent} ServerEvent */
/** @typedef {Record<string, unknown>} Fields */

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '')
/** @param {unknown} value */
const number = (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0)
/** @param {unknown} value @returns {value is Fields} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
/** @param {unknown} value @returns {Fields[]} */
const objects = (value) => (Array.isArray(value) ? value.filter(isObject) : [])

/** @param {Fields} f @returns {import('./types.js').Person} */
const person = (f) => ({ id: text(f.id), name: text(f.name), color: number(f.color) % 360 })
/** @param {unknown} value */
const people = (value) => objects(value).map(person).filter(({ id }) => id !== '')

/** @param {Fields} f @returns {import('./types.js').Message} */
const message = (f) => ({
  seq: number(f.seq), id: text(f.id), from: text(f.from), person: text(f.person), text: text(f.text), at: number(f.at),
  ...(number(f.edited) > 0 && { edited: number(f.edited) }),
  ...(f.deleted === true && { deleted: true }),
  ...(f.lost === true && { lost: true }),
})

/** @param {Fields} f @returns {import('./types.js').Change} */
const change = (f) => ({
  type: f.type === 'delete' ? 'delete' : 'edit', seq: number(f.seq), target: number(f.target), text: text(f.text),
})

/** @param {Fields} f */
const page = (f) => {
  const from = number(f.from)
  const to = number(f.to)
  /** @param {{seq: number}} entry */
  const within = ({ seq }) => seq >= from && seq <= to
  /** @param {{seq: number}} a @param {{seq: number}} b */
  const bySequence = (a, b) => a.seq - b.seq
  return {
    id: text(f.id), room: text(f.room), epoch: text(f.epoch), floor: number(f.floor), head: Math.max(number(f.head), to),
    from, to, complete: f.complete !== false, more: f.more === true,
    messages: objects(f.messages).map(message).filter(within).sort(bySequence),
    changes: objects(f.changes).map(change).filter(within).sort(bySequence),
  }
}

/** @param {Fields} f @returns {import('./types.js').Limits|null} */
const limits = (f) => {
  const all = {
    frame: number(f.frame), text: number(f.text), textBytes: number(f.textBytes), name: number(f.name),
    room: number(f.room), rooms: number(f.rooms), history: number(f.history),
  }
  return Object.values(all).every((limit) => limit > 0) ? all : null
}

/** What each type is made of. A null says that the frame makes no sense. @type {Record<string, (f: Fields) => ServerEvent|null>} */
const events = {
  welcome: (f) => {
    const you = isObject(f.you) ? { ...person(f.you), role: text(f.you.role) } : null
    return you && you.id !== '' ? {
      type: 'welcome', id: text(f.id), you, session: text(f.session), server: text(f.server),
      limits: isObject(f.limits) ? limits(f.limits) : null,
      rooms: Array.isArray(f.rooms) ? f.rooms.filter((room) => typeof room === 'string') : [],
    } : null
  },
  joined: (f) => {
    const { from, to, ...rest } = page(f)
    return rest.epoch && from > 0 && to >= from - 1
      ? { type: 'joined', from, to, ...rest, people: people(f.people), count: number(f.count) } : null
  },
  history: (f) => {
    const { from, to, ...rest } = page(f)
    return rest.epoch && from > 0 && to >= from - 1 ? { type: 'history', from, to, ...rest } : null
  },
  message: (f) => (number(f.seq) > 0 ? { type: 'message', room: text(f.room), ...message(f) } : null),
  edit: (f) => (number(f.seq) > 0 ? { room: text(f.room), ...change(f) } : null),
  delete: (f) => (number(f.seq) > 0 ? { room: text(f.room), ...change(f) } : null),
  left: (f) => ({ type: 'left', id: text(f.id), room: text(f.room) }),
  presence: (f) => ({
    type: 'presence', room: text(f.room), joined: people(f.joined), left: people(f.left), count: number(f.count),
  }),
  typing: (f) => ({ type: 'typing', room: text(f.room), person: text(f.person), name: text(f.name) }),
  renamed: (f) => ({ type: 'renamed', id: text(f.id), person: text(f.person), from: text(f.from), to: text(f.to) }),
  rooms: (f) => ({
    type: 'rooms', id: text(f.id),
    rooms: objects(f.rooms).map((r) => ({ room: text(r.room), head: number(r.head), count: number(r.count) })),
  }),
  pong: (f) => ({
    type: 'pong', id: text(f.id),
    rooms: objects(f.rooms).map((r) => ({ room: text(r.room), epoch: text(r.epoch), head: number(r.head) })),
  }),
  notice: (f) => ({ type: 'notice', id: text(f.id), code: text(f.code), text: text(f.text) }),
  error: (f) => ({
    type: 'error', id: text(f.id), code: text(f.code), message: text(f.message), retry: f.retry === true,
    after: number(f.after), suggestion: text(f.suggestion),
  }),
}

/**
 * Reads a frame. Null: nothing that we know. API Gateway answers an action
 * whose function failed with an object of its own, {"message": "Internal server
 * error", …} without a type: that becomes 'unanswered'.
 * @param {unknown} frame
 * @returns {ServerEvent|null}
 */
export const decode = (frame) => {
  if (typeof frame !== 'string') return null
  try {
    const fields = JSON.parse(frame)
    if (!isObject(fields)) return null
    if (!('type' in fields) && typeof fields.message === 'string') return { type: 'unanswered' }
    return typeof fields.type === 'string' && Object.hasOwn(events, fields.type) ? events[fields.type](fields) : null
  } catch {
    return null
  }
}
