package conform

// rule is a sentence of protocol/asyncapi.yaml, word for word: a test holds
// them to it.
type rule string

// What every frame has to keep.
const (
	ruleObject     rule = "Each WebSocket message is a text message with one JSON object in UTF-8; its `type` tells which."
	ruleFrame      rule = "value: 32768, unit: bytes, meaning: \"one WebSocket message, either way\""
	ruleSpeakFirst rule = "**The client speaks first.** Nothing is sent before the first action."
	ruleAnswerID   rule = "An action may have an `id`; its answer or its `error` has the same."
	ruleUnknown    rule = "Unknown fields are ignored, on both sides, so that either may learn new ones."
	ruleExact      rule = "Field names are matched exactly, letter case included."
	ruleWrong      rule = "An action that is wrong is answered by an `error` event, is not stored, and the connection stays."
	ruleColor      rule = "FNV-1a of 32 bits over the person's id in UTF-8, modulo 360."
	ruleTime       rule = "Milliseconds since 1970 UTC, by the server's clock."
	ruleSecret     rule = "Opaque and secret. Never put it into an address or a log." // #nosec G101 -- a rule about secrets, not one
	ruleError      rule = "A sentence for the person, which says what to do."
)

// Coming in, and who one is.
const (
	ruleSubprotocol rule = "*With* the sub-protocol `parley.v1` (in `Sec-WebSocket-Protocol`) a connection is in no room until its `hello` is answered by `welcome`"
	ruleLeaveOut    rule = "Leave it out to be plain."
	ruleOrigin      rule = "An `Origin` that is not the page's own is refused with 403; a client that is no page sends none."
	rulePlain       rule = "*Without* the sub-protocol a connection is plain: it is in the room `general` from the start, gets `message`, `error`, `notice` and the answers to its own actions, and nothing else."
	ruleShortest    rule = "All in the room get it back with more fields, you too. Nothing else is needed."
	ruleVariant     rule = "The first `from` becomes its name, or the nearest free variant, which a `notice` tells."
	ruleFrom        rule = "`from` never decides who speaks."
	ruleHelloFirst  rule = "anything before is answered by `hello_first`"
	ruleHelloTwice  rule = "There is one `hello` per connection."
	ruleWelcome     rule = "Answers hello."
	ruleHelloRooms  rule = "Rooms to join at once, each answered by `joined`."
	ruleSession     rule = "Keep it secret and send it in the next hello. It makes the name yours."
	ruleNewPerson   rule = "The token of an earlier welcome. Left out, a new person comes."
	ruleNameless    rule = "Without one a client reads, and cannot speak."
	ruleNameRefused rule = "If it cannot be had, an `error` with the same id comes instead of the `welcome`: say hello again, with another name or without one."
	ruleNameKept    rule = "The name is the session's for good once it was used: something was said, or the session came back."
	ruleSuggestion  rule = "With name_taken, a name that is free."
	ruleUnique      rule = "letter case, width and look-alikes do not make another name."
	ruleBadName     rule = "Controls, bidi, invisible characters and mixed scripts are refused."
	ruleNameLength  rule = "At most 40 code points once white space was normalised."
	ruleRenamed     rule = "Answers rename, and tells the others. Messages that are there already keep the name they were said under."
)

// Saying something.
const (
	ruleMessage   rule = "A message, as all in its room get it. The sender's own copy is the acknowledgement."
	ruleOwnCopy   rule = "Your own copy, with your `person` and this `id`, is the acknowledgement: the message is durable then."
	ruleOnce      rule = "If it does not come, send the same again, on a new connection of the same session too: there will be one entry, and the first one comes back."
	ruleSafeID    rule = "Makes sending it again harmless, for ever. Without one each sending is another message."
	ruleYours     rule = "Give each `message` an `id` that is yours alone"
	ruleSequence  rule = "Whatever changes a room's history is an entry of the room's log with a sequence `seq`: 1, 2, 3 … without holes."
	ruleInOrder   rule = "Keep at most one unacknowledged message per room under way, and they stay in order."
	ruleText      rule = "At most 8,000 code points and 30,720 bytes as JSON, with something that can be seen. Stored and shown unchanged."
	ruleTextBytes rule = "the text as JSON, quotes included, nothing escaped that need not be"
	ruleTooLarge  rule = "The text or the frame is too long."
)

// What is bounded.
const (
	ruleTooFast rule = "Over a rate limit. Again after the time told."
)

// Changing what was said.
const (
	ruleChanging    rule = "Both are entries of the room's log, with sequences of their own"
	ruleChangeAck   rule = "are acknowledged and safe to send again as a `message` is."
	ruleEdit        rule = "A message has another text, as all in its room get it but connections without the sub-protocol."
	ruleDelete      rule = "A message was deleted, as all in its room get it but connections without the sub-protocol."
	ruleYoursAlone  rule = "only the person who said it may do either"
	ruleNoMessage   rule = "There is no message with this sequence, or it was deleted."
	ruleStays       rule = "A deleted message stays deleted; its sequence stays as well."
	ruleTombstone   rule = "A deleted or lost one keeps its sequence and nothing else."
	ruleWiped       rule = "The one before is kept nowhere."
	ruleReplaced    rule = "Of an edit that a newer change has replaced only the place is kept: its `text` is empty or absent, and then it changes nothing."
	ruleFirstDelete rule = "A message that is deleted already is answered by its first `delete`."
	ruleSaidAgain   rule = "Of a message sent again, the edit that gave it its present text."
	ruleIDDiffers   rule = "Makes sending it again harmless, as that of a message does, from which it must differ."
	rulePlainDeaf   rule = "Connections without the sub-protocol hear of no changes but their own."
)

// Keeping order.
const (
	ruleSessionNew       rule = "Tells all connections of a person that its role is another one, and the token that goes with it."
	ruleBadLink          rule = "The link is unknown, used up, revoked or over."
	ruleNotAllowed       rule = "This needs a role that the person does not have, or concerns somebody who has one."
	ruleModerated        rule = "Answers a moderator, and tells the person concerned. What concerns a whole room is told to all in it."
	ruleMuted            rule = "A moderator has taken the word from this person."
	ruleLocked           rule = "Only moderators speak in this room now."
	ruleSlow             rule = "The room is in slow mode. Again after the time told."
	ruleModeratorDeletes rule = "moderators may delete"
	rulePurge            rule = "Each message is told as a `delete`."
	ruleKicked           rule = "Before a close. A moderator asked this person to leave."
	ruleComeBack         rule = "The person may come back."
	ruleBanned           rule = "This person, or its address, may not come. A close follows."
	ruleInvitation       rule = "Answers invite."
	ruleInvited          rule = "The room is for those who were invited."
	ruleListed           rule = "Answers moderation."
	ruleAudit            rule = "Answers audit, the newest first."
	ruleLifted           rule = "0, it is lifted now."
	ruleSignedOut        rule = "All connections of the session are told `signed_out` and closed."
	ruleEnded            rule = "The session was ended. A close follows."
	ruleEraseAll         rule = "Texts, names and addresses are gone afterwards; the places stay."
	ruleErased           rule = "The name of this person is to be shown no more."
)

// Rooms and their logs.
const (
	ruleJoined    rule = "Answers join, and hello for each of its rooms. A page of the room's log, and who is there."
	ruleLeft      rule = "Answers leave."
	ruleNotInRoom rule = "Join the room first."
	ruleRoomName  rule = "A room's name, of 1 to 64 code points in Unicode's normal form C, without slash, controls, or characters that cannot be seen"
	ruleMaxRooms  rule = "value: 32, unit: rooms, meaning: joined by one connection at once"
	ruleRooms     rule = "Answers rooms, the most recently spoken in first."
	rulePong      rule = "Answers ping, for those of its rooms that the connection is in."
	ruleLostTail  rule = "A tail that was lost while nobody spoke shows in the `head` of `pong`."
	ruleEpoch     rule = "The incarnation of the room's log. When it is another one, sequences mean something else."
	rulePageFrom  rule = "The page holds every entry from this one on"
	rulePageTo    rule = "up to this one. One less than from, the page is empty."
	ruleHead      rule = "The newest entry when this was written. 0, nothing was ever said."
	ruleOldest    rule = "Oldest first, as they are now."
	ruleMore      rule = "There are further entries in the direction asked for. Newer ones after a position, older ones otherwise."
	ruleBefore    rule = "The newest entries below this sequence. With neither, the newest page."
	ruleAfter     rule = "The oldest entries above this sequence. Not together with before."
	rulePageBytes rule = "a page of joined or history ends here, after at least one message"
	ruleResume    rule = "The answer has all that changed since; where `more` is true, ask on with `history` and `after` set to its `to`."
	ruleComplete  rule = "False where the position could not be continued. The page is then the newest one, and what lay between is not in it."
	rulePresence  rule = "Who came and went since the last one, at most once a second."
	rulePeople    rule = "Those present who have a name, as many as fit."
	ruleTyping    rule = "A person is writing. Forget it after 6 seconds."
)

// The WebSocket itself.
const (
	ruleBinary   rule = "A binary message was sent; there are none in this protocol. Do not send it again."
	ruleNotUTF8  rule = "A text message that is not UTF-8 was sent. Do not send it again."
	ruleTooBig   rule = "A message was longer than 32,768 bytes. Do not send it again."
	ruleFarewell rule = "**Before a deliberate close** comes an `error` without `id`."
)
