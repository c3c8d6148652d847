// What stands in the list. Only types: the page never asks for this file.
/** @import { Message, Pending } from '../sdk/types.js' */

/**
 * A message as it is drawn: live, from history, or pending.
 * @typedef {object} Said
 * @property {'message'} kind
 * @property {string} key
 * @property {string} was its key while it was pending, '' if it never was
 * @property {number} seq 0 while pending
 * @property {string} person
 * @property {string} from
 * @property {string} text
 * @property {number} at ms since 1970, 0 if not known any more
 * @property {boolean} mine
 * @property {boolean} follows the one before is by the same person and shows who
 * @property {'' | 'edited' | 'deleted' | 'lost' | 'leaving' | Pending['state']} state leaving: it may still be undone that it is deleted
 * @property {Pending['kind']} doing what is pending of it
 * @property {string} reason why it failed
 * @property {string} id the client's, of what is pending if something is
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

/** @typedef {{id: string, name: string} | null} Me */

/**
 * What the list is made of.
 * @typedef {object} Listed
 * @property {readonly Message[]} messages in sequence
 * @property {readonly Pending[]} pending
 * @property {ReadonlySet<number>} [leaving] sequences of those that are about to be deleted
 * @property {readonly Line[]} lines in the order they happened
 * @property {boolean} whole nothing is older than these messages
 * @property {Me} you
 */

export {}
