// Whether the connection lives, and whether a room's tail was lost: asked every
// 4 minutes, and when the page comes to the front.

const EVERY = 4 * 60 * 1000 // ms; API Gateway closes after 10 minutes of silence

export class Pulse {
  /** @type {any} */
  #timer = null
  #asking = false
  #options

  /**
   * @param {object} options
   * @param {() => Map<string, import('./room.js').Room>} options.rooms
   * @param {(action: import('./types.js').Action) => Promise<import('./types.js').ServerEvent>} options.ask
   * @param {() => import('./connection.js').Connection|null} options.connection
   * @param {import('./types.js').Timers} options.timers
   */
  constructor(options) {
    this.#options = options
  }

  start() {
    this.#timer = this.#options.timers.setTimeout(() => {
      this.now()
      this.start()
    }, EVERY)
  }

  stop() {
    this.#options.timers.clearTimeout(this.#timer)
  }

  /** Asks; without an answer the connection is dropped. */
  async now() {
    if (this.#asking) return
    this.#asking = true
    const { rooms, ask } = this.#options
    const connection = this.#options.connection()
    const asked = [...rooms().values()].filter((room) => room.epoch !== '')
    try {
      const positions = asked.map((room) => room.position())
      const answer = await ask({ type: 'ping', ...(positions.length > 0 && { rooms: positions }) })
      if (answer.type !== 'pong') return
      for (const room of asked) room.heard(answer.rooms.find((told) => told.room === room.name))
    } catch (error) {
      if (/** @type {import('./error.js').ChatError} */ (error).code === 'unanswered') connection?.drop()
    } finally {
      this.#asking = false
    }
  }
}
