// Who is in a room, as far as the server tells: up to 50 each one's coming and
// going, above that only the count.

/** @typedef {import('./types.js').Person} Person */

const MOST_PEOPLE = 200 // listed; joined tells at most 100

export class People {
  /** @type {Map<string, Person>} */
  byId = new Map()
  count = 0

  /** @param {import('./types.js').Joined} event */
  joined({ people, count }) {
    this.byId = new Map(people.slice(0, MOST_PEOPLE).map((person) => [person.id, person]))
    this.count = count
  }

  /** @param {import('./types.js').Presence} event */
  changed({ joined, left, count }) {
    for (const { id } of left) this.byId.delete(id)
    for (const person of joined) if (this.byId.size < MOST_PEOPLE) this.byId.set(person.id, person)
    this.count = count
  }

  /** @param {import('./types.js').Renamed} event @returns {boolean} whether it is somebody listed */
  renamed({ person, to }) {
    const before = this.byId.get(person)
    if (before) this.byId.set(person, { ...before, name: to })
    return before !== undefined
  }
}
