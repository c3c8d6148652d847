// How the library tells. Errors have two readers: code is for programs, message for
// the person.

/** An error event of the server, or one found before anything was sent. */
export class ChatError extends Error {
  /**
   * @param {string} code as in protocol/errors.go, or 'unanswered', 'unconnected', 'busy' of our own
   * @param {string} message a sentence that says what to do
   * @param {{retry?: boolean, after?: number, suggestion?: string}} [more]
   */
  constructor(code, message, { retry = false, after = 0, suggestion = '' } = {}) {
    super(message)
    this.name = 'ChatError'
    this.code = code
    /** The same may succeed later, unchanged. */
    this.retry = retry
    /** ms to wait before trying, or coming, again; 0: not told. */
    this.after = after
    /** name_taken: a name that is free; else ''. */
    this.suggestion = suggestion
  }

  /** @param {import('./types.js').Refusal} event */
  static of(event) {
    return new ChatError(event.code, event.message, event)
  }
}

/**
 * Tells the listeners of target.
 * @param {EventTarget} target
 * @param {string} type
 * @param {unknown} [detail]
 */
export const emit = (target, type, detail) => target.dispatchEvent(new CustomEvent(type, { detail }))
