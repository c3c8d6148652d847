package protocol

// Close codes. Those below 4000 are RFC 6455, section 7.4.1 and its registry;
// those from 4000 on are ours. Before every deliberate close comes an error
// event, which a client obeys rather than the code: API Gateway loses the code.
// https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number
const (
	CloseNormal     = 1000 // through @connections: come back
	CloseGoingAway  = 1001 // idle, 2 h on API Gateway: come back
	CloseProtocol   = 1002 // RFC 6455 was violated
	CloseBinary     = 1003 // binary messages are not part of this protocol
	CloseNotUTF8    = 1007 // a text message that is not UTF-8
	ClosePolicy     = 1008 // a limit was passed persistently: do not come back by yourself
	CloseTooBig     = 1009 // more than MaxFrameBytes: do not send it again
	CloseRestarting = 1012 // the server restarts: come back after the time told
	CloseTryLater   = 1013 // overloaded: come back later
	CloseSignedOut  = 4001 // the session ended, or the person was asked to leave
	CloseBanned     = 4003 // do not come back
	CloseSlowReader = 4008 // did not read what was sent: come back and resume
)
