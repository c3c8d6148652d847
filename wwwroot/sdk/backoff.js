// How long to wait before connecting again. Full jitter spreads the thousands
// that lost their server in the same moment.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

const LEAST = 500 // ms
const MOST = 30 * 1000 // ms
const STABLE = 60 * 1000 // ms online after which the count starts anew

export class Backoff {
  /** @param {() => number} random 0 to less than 1 */
  constructor(random) {
    this.random = random
    this.tries = 0
  }

  /** ms to wait now: between 500 and a bound that doubles from 1 s to 30 s. */
  next() {
    const bound = Math.min(MOST, 2 * LEAST * 2 ** Math.min(this.tries++, 10))
    return LEAST + this.random() * (bound - LEAST)
  }

  /** A connection ended. @param {number} online ms between its welcome and its end */
  ended(online) {
    if (online >= STABLE) this.tries = 0
  }
}
