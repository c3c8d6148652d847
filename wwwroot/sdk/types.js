// The wire as the page sees it, and what the library hands out. Only types:
// protocol/*.go and protocol/asyncapi.yaml are the specification. The page never asks for this file.
/** @import { Connection } from './connection.js' */
/** @import { ChatError } from './protocol.js' */
/** @import { Room } from './room.js' */

/**
 * How others see somebody.
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {number} color a hue in degrees, 0 to 359
 */

/**
 * What welcome tells about oneself.
 * @typedef {Person & {role: string}} You name is '' until one is taken
 */

/**
 * @typedef {object} Limits
 * @property {number} frame bytes of one message on the wire
 * @property {number} text code points
 * @property {number} textBytes bytes, as JSON with its quotes
 * @property {number} name code points
 * @property {number} room code points
 * @property {number} rooms joined at once
 * @property {number} history messages in a page
 */

/**
 * A message of a room's log, as it is now.
 * @typedef {object} Message
 * @property {number} seq the room's own count; edits and deletes have sequences too, so these may have holes
 * @property {string} id the sender's client id, '' if it gave none
 * @property {string} from the name that the sender had then
 * @property {string} person the sender's id
 * @property {string} text '' if deleted or lost
 * @property {number} at ms since 1970 UTC by the server's clock, 0 if deleted or lost
 * @property {number} [edited] sequence of the last edit
 * @property {boolean} [deleted]
 * @property {boolean} [lost] damaged where it was stored
 */

/**
 * An edit or a delete: an entry of the log that changes an earlier one.
 * @typedef {object} Change
 * @property {'edit'|'delete'} type
 * @property {number} seq
 * @property {number} target the sequence of the message
 * @property {string} text '' if it deletes, or if a newer change has replaced it
 * @property {string} id the client's, '' if it gave none
 * @property {string} person
 * @property {number} at ms since 1970 UTC by the server's clock
 */

/**
 * A part of a room's log: every entry with from <= seq <= to.
 * @typedef {object} Page
 * @property {string} room
 * @property {string} epoch
 * @property {number} floor entries up to this one exist no more
 * @property {number} head the newest entry when this was written
 * @property {number} from
 * @property {number} to from - 1: the page is empty
 * @property {boolean} complete false: a position could not be continued, this is the newest page instead
 * @property {boolean} more further entries in the direction asked for
 * @property {Message[]} messages oldest first
 * @property {Change[]} changes oldest first
 */

/** @typedef {{room: string, head: number, count: number}} RoomInfo */

/**
 * Where a client is in a room's log.
 * @typedef {{room: string, epoch?: string, after?: number}} Position
 */

/**
 * A frame that goes out. Which fields go with which type: protocol/testdata/actions.
 * @typedef {{type: string, id?: string, [field: string]: unknown}} Action
 */

/**
 * What keeps the one that joins from speaking in a room.
 * @typedef {object} RoomRules
 * @property {boolean} locked
 * @property {boolean} invited
 * @property {boolean} muted oneself is
 * @property {number} slow ms between two messages, 0: as many as one likes
 * @property {number} until ms since 1970, 0: until it is lifted
 * @property {string} [reason] of the lock or the mute, '' without one
 */

/**
 * What a moderator laid down or did. What does not apply is '' or 0.
 * @typedef {object} Ruling
 * @property {string} do the action's type, with 'un' before it where it was lifted
 * @property {string} room '' everywhere
 * @property {string} person
 * @property {string} name of the person, then
 * @property {string} address of a ban, shortened
 * @property {number} until ms since 1970, 0: until it is lifted
 * @property {number} every ms
 * @property {string} role
 * @property {string} key what revokes an invitation
 * @property {number} uses how many an invitation still lets in, 0: any number
 * @property {number} days
 * @property {number} messages
 * @property {string} reason
 * @property {string} by
 * @property {string} byName
 * @property {number} at ms since 1970
 */

/**
 * An entry of the audit log.
 * @typedef {{seq: number, at: number, by: string, byName: string, do: string, room: string, person: string, name: string, detail: string}} Act
 */

/**
 * A frame that came in, its fields checked by decode().
 * @typedef {{type: 'welcome', id: string, you: You, session: string, server: string, limits: Limits|null, rooms: string[]}} Welcome
 * @typedef {Page & {type: 'joined', id: string, people: Person[], count: number, rules: RoomRules}} Joined
 * @typedef {Page & {type: 'history', id: string}} History
 * @typedef {Message & {type: 'message', room: string}} Said
 * @typedef {Change & {room: string}} Changed
 * @typedef {{type: 'left', id: string, room: string}} Left
 * @typedef {{type: 'presence', room: string, joined: Person[], left: Person[], count: number}} Presence
 * @typedef {{type: 'typing', room: string, person: string, name: string}} SomebodyTypes
 * @typedef {{type: 'renamed', id: string, person: string, from: string, to: string}} Renamed
 * @typedef {{type: 'rooms', id: string, rooms: RoomInfo[]}} Rooms
 * @typedef {{type: 'pong', id: string, rooms: {room: string, epoch: string, head: number}[]}} Pong
 * @typedef {{type: 'notice', id: string, code: string, text: string}} Notice
 * @typedef {{type: 'error', id: string, code: string, message: string, retry: boolean, after: number, suggestion: string}} Refusal
 * @typedef {Ruling & {type: 'moderated', id: string}} Moderated
 * @typedef {{type: 'moderation', id: string, rules: Ruling[]}} Moderation
 * @typedef {{type: 'audit', id: string, acts: Act[], more: boolean}} Audit
 * @typedef {{type: 'invitation', id: string, room: string, link: string, key: string, until: number, uses: number}} Invitation
 * @typedef {{type: 'session', id: string, you: You, session: string}} NewSession
 * @typedef {{type: 'erased', person: string}} Erased
 * @typedef {{type: 'unanswered'}} Unanswered API Gateway's word for an action whose function failed
 * @typedef {Welcome|Joined|History|Said|Changed|Left|Presence|SomebodyTypes|Renamed|Rooms|Pong|Notice|Moderated|Moderation|Audit|Invitation|NewSession|Erased|Refusal|Unanswered} ServerEvent
 */

/**
 * A message, edit or delete of mine that has not come back yet. The object stays the same one
 * for as long as it is pending; its state changes.
 * @typedef {object} Pending
 * @property {string} id the client id; what takes its place in the log has the same
 * @property {'message'|'edit'|'delete'} kind
 * @property {number} target sequence of the message that is edited or deleted, else 0
 * @property {string} text '' if it deletes
 * @property {number} at ms since 1970 by this device's clock
 * @property {'sending'|'slow'|'queued'|'failed'} state
 * @property {ChatError} [error] why it failed, or why it takes so long
 */

/** @typedef {'connecting'|'online'|'waiting'|'offline'|'stopped'} ChatState */

/**
 * Detail of a room's 'messages' event. 'append' and 'prepend': items are new at
 * that end. 'insert': items are new, anywhere. 'change': items were edited,
 * deleted or completed; the objects in `messages` are new ones with the same
 * seq. 'reset': look at `messages` anew (items are all of them). 'trim': items
 * are gone from the old end.
 * @typedef {{kind: 'append'|'prepend'|'insert'|'change'|'reset'|'trim', items: Message[]}} MessagesDetail
 */

/** @typedef {{runes: number, bytes: number, over: boolean, left: number}} Measure left: code points until the limit */

/**
 * An item as it is kept for the next page. error: it failed.
 * @typedef {Omit<Pending, 'state'|'error'> & {person: string, drops: number, error?: {code: string, message: string}}} Kept
 */

/**
 * As the browser's Storage. Without length and key() what was not sent is not found again.
 * @typedef {object} TextStorage
 * @property {(key: string) => string|null} getItem
 * @property {(key: string, value: string) => void} setItem
 * @property {(key: string) => void} removeItem
 * @property {number} [length]
 * @property {(index: number) => string|null} [key]
 */

/** @typedef {{setTimeout(run: () => void, ms: number): any, clearTimeout(timer: any): void}} Timers */

/**
 * @typedef {object} ChatOptions
 * @property {string} server 'ws(s)://host/socket'
 * @property {TextStorage} [storage] what all pages share: localStorage; in memory where there is none
 * @property {TextStorage} [tab] what this page keeps over a reload: sessionStorage, or in memory if storage is given
 * @property {LockManager} [locks] navigator.locks; without, what a page has not sent is taken over by the next one at once
 * @property {string} [link] a token from a link's fragment, sent in the first hello
 * @property {any} [WebSocket] a constructor like the browser's
 * @property {() => number} [now] ms since 1970
 * @property {() => number} [random] 0 to less than 1
 * @property {Timers} [timers]
 * @property {() => boolean} [onLine] false where the browser knows that there is no network
 */

/**
 * What a room needs of the chat it belongs to.
 * @typedef {object} RoomLink
 * @property {() => boolean} online
 * @property {() => You|null} you
 * @property {() => string} writer id of who writes; '' where that is not known or has no name
 * @property {(room: string, items: Kept[]) => void} keep for the next page, what is not in the log yet
 * @property {() => void} probe drops the connection, if nothing answers on it
 * @property {() => string} nextId
 * @property {(action: Action) => boolean} tell sends, if there is a connection
 * @property {(action: Action) => Promise<ServerEvent>} ask sends under a new id; rejects ChatError, also if there is no connection or no answer in time
 * @property {(error: ChatError) => void} complain
 * @property {(text: string) => Measure} measure
 * @property {() => number} now
 * @property {() => number} random
 * @property {Timers} timers
 */

/**
 * What markdown's parse() gives: plain data, to be made into nodes.
 * @typedef {{kind: 'text', text: string}
 *   | {kind: 'strong', children: Inline[]}
 *   | {kind: 'em', children: Inline[]}
 *   | {kind: 'del', children: Inline[]}
 *   | {kind: 'code', text: string}
 *   | {kind: 'link', href: string, children: Inline[]}
 *   | {kind: 'break'}} Inline
 *
 * @typedef {{kind: 'paragraph', children: Inline[]}
 *   | {kind: 'quote', children: Block[]}
 *   | {kind: 'code', text: string, language: string}
 *   | {kind: 'list', ordered: boolean, start: number, items: Block[][]}} Block
 */

/**
 * What Life needs.
 * @typedef {object} LifeOptions
 * @property {any} WebSocket
 * @property {string} server
 * @property {() => number} now
 * @property {() => number} random
 * @property {Timers} timers
 * @property {() => boolean} onLine
 * @property {() => boolean} idle nobody looks and nothing waits: no connection is opened by itself
 * @property {(connection: Connection) => void} opened
 * @property {(event: ServerEvent, connection: Connection) => void} event
 * @property {(end: End, innocent: boolean) => void} lost innocent: the cause is known, and it is not what was sent
 * @property {() => void} changed the state did
 */

/**
 * What a Connection needs.
 * @typedef {object} ConnectionOptions
 * @property {any} WebSocket
 * @property {string} server
 * @property {Timers} timers
 * @property {() => number} now
 * @property {() => void} opened
 * @property {(event: ServerEvent) => void} event
 * @property {(end: End) => void} closed called once, never from within a method but drop() and part()
 */

/**
 * What Pulse needs.
 * @typedef {object} PulseOptions
 * @property {() => Map<string, Room>} rooms
 * @property {(action: Action) => Promise<ServerEvent>} ask
 * @property {() => Connection|null} connection
 * @property {() => boolean} idle nobody looks and nothing waits
 * @property {() => void} rest ends the connection until somebody looks
 * @property {Timers} timers
 */

/**
 * What Entrance needs.
 * @typedef {object} EntranceOptions
 * @property {() => Promise<unknown>} ask sends join
 * @property {(error: ChatError) => void} complain it is no use to ask again
 * @property {() => void} leaving the room is entered anew: what was going on in it is over
 * @property {Timers} timers
 */

/**
 * What CatchUp needs.
 * @typedef {object} CatchUpOptions
 * @property {() => boolean} behind
 * @property {() => Promise<boolean>} ask for the next page and take it; resolves to whether it brought anything, does not reject
 * @property {() => number} random
 * @property {Timers} timers
 */

/**
 * What an Outbox needs.
 * @typedef {object} OutboxOptions
 * @property {() => string} nextId
 * @property {(item: Pending) => boolean} send
 * @property {() => boolean} online the person may expect it to be on its way
 * @property {() => boolean} open the room takes messages now
 * @property {(text: string) => ChatError|null} check before anything is sent
 * @property {() => string} person id of who writes; '' where that is not known or has no name
 * @property {(items: Kept[]) => void} keep for the next page, what is not in the log yet
 * @property {() => void} probe an item came to nothing: is the connection alive?
 * @property {(items: Pending[]) => void} changed the items or their states did
 * @property {() => number} now
 * @property {Timers} timers
 */

/**
 * How a connection ended.
 * @typedef {object} End
 * @property {number} code the close code; 1006: lost, also if dropped by us
 * @property {ChatError|null} parting the error that went before
 */

/**
 * @typedef {object} Entry
 * @property {Pending} item
 * @property {string} person who wrote it; '' whoever I am
 * @property {boolean} inFlight sent on this connection, not come back
 * @property {boolean} waits for the time that an error told
 * @property {number} sends on this connection
 * @property {number} drops
 * @property {number} since ms since 1970: counts towards slow from here
 * @property {number} seq where its copy is in the log; 0: not known
 */

/**
 * What a hello may carry.
 * @typedef {{name: boolean, rooms: boolean, link: boolean}} Wishes
 * @typedef {{id: string, session: string, name: string, link: string, rooms: Position[]}} Greeting
 */

export {}
