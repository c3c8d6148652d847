/** @typedef {import('../sdk/types.js').Person} Person */

const ALL_NAMED = 3 // names in a line; of more, two and how many others

/**
 * Who came, went and took another name since the message before: one quiet line,
 * however many they are. Who comes back, or goes again, within one line leaves
 * no trace in it.
 */
export class Comings {
  /** @type {Map<string, string>} id to name */
  #joined = new Map()
  /** @type {Map<string, string>} */
  #left = new Map()
  /** @type {Map<string, {from: string, to: string}>} */
  #renamed = new Map()

  /**
   * @param {ReadonlyMap<string, Person>} before
   * @param {ReadonlyMap<string, Person>} after
   * @param {string} you id of who looks at it, about whom only names are news
   */
  add(before, after, you) {
    for (const [id, { name }] of after) {
      const was = before.get(id)?.name
      if (was === undefined) this.#came(id, name, you)
      else if (was !== name) this.#changed(id, was, name)
    }
    for (const [id, { name }] of before) {
      if (after.has(id) || id === you) continue
      if (!this.#joined.delete(id)) this.#left.set(id, name)
      this.#renamed.delete(id)
    }
  }

  /** @param {string} id @param {string} name @param {string} you */
  #came(id, name, you) {
    if (id === you) return
    const was = this.#left.get(id)
    this.#left.delete(id)
    if (was === undefined) this.#joined.set(id, name)
    else if (was !== name) this.#changed(id, was, name)
  }

  /** @param {string} id @param {string} from @param {string} to */
  #changed(id, from, to) {
    if (this.#joined.has(id)) return void this.#joined.set(id, to)
    const first = this.#renamed.get(id)?.from ?? from
    if (first === to) this.#renamed.delete(id)
    else this.#renamed.set(id, { from: first, to })
  }

  get empty() { return this.#joined.size + this.#left.size + this.#renamed.size === 0 }

  /**
   * The line in words; what is a name stands in an object.
   * @returns {(string | {name: string})[]}
   */
  get words() {
    const sentences = [
      ...this.#joined.size ? [[...list([...this.#joined.values()]), ' joined']] : [],
      ...this.#left.size ? [[...list([...this.#left.values()]), ' left']] : [],
      ...[...this.#renamed.values()].map(({ from, to }) => [{ name: from }, ' is now ', { name: to }]),
    ]
    return sentences.flatMap((sentence, i) => i ? [' · ', ...sentence] : sentence)
  }
}

/**
 * @param {string[]} names
 * @returns {(string | {name: string})[]} "Ada", "Ada and Bo", "Ada, Bo and Cy", "Ada, Bo and 3 others"
 */
export function list(names) {
  const [first, second, third] = names.map(name => ({ name }))
  switch (names.length) {
    case 1: return [first]
    case 2: return [first, ' and ', second]
    case ALL_NAMED: return [first, ', ', second, ' and ', third]
    default: return [first, ', ', second, ` and ${names.length - 2} others`]
  }
}
