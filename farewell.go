package main

import (
	"math/rand/v2"

	"parley/protocol"
)

// farewell is the event that goes before a close which the gateway decides.
func farewell(code int) []byte {
	const spread = 2000 // ms over which clients come back after a restart, so that they do not all come at once
	var e *protocol.Error
	switch code {
	case protocol.CloseRestarting:
		e = protocol.Errorf(protocol.Restarting, "The server restarts. Come back in a moment.").Retriable(200 + rand.Int64N(spread))
	case protocol.CloseSlowReader:
		e = protocol.Errorf(protocol.SlowReader, "This connection did not read what was sent to it. Come back and resume.").Retriable(1000 + rand.Int64N(spread))
	case protocol.CloseTryLater: // long enough that those who have something to say come first
		e = protocol.Errorf(protocol.Unavailable, "Too many are connected, and nothing was said here yet. Come back later.").Retriable(30_000 + 10*rand.Int64N(spread))
	case protocol.CloseTooBig:
		e = protocol.Errorf(protocol.TooLarge, "A frame may have %d bytes. Do not send this one again.", protocol.MaxFrameBytes)
		e.After = 1000 // not the message, but the connection may come again
	case protocol.CloseBinary:
		e = protocol.Errorf(protocol.NotText, "Messages are text here: JSON in UTF-8.")
	case protocol.CloseNotUTF8:
		e = protocol.Errorf(protocol.NotText, "That was not UTF-8.")
	case protocol.CloseGoingAway:
		e = protocol.Errorf(protocol.TimedOut, "Nothing was heard from this connection. Come back.").Retriable(200 + rand.Int64N(spread))
	case protocol.ClosePolicy:
		e = protocol.Errorf(protocol.TimedOut, "A message took too long to arrive, or there were too many pings. Come back and send what is missing.").Retriable(1000 + rand.Int64N(spread))
	default:
		e = protocol.Errorf(protocol.ProtocolError, "That was not a WebSocket message by RFC 6455.")
	}
	return protocol.Encode(e)
}
