package gateway

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Close codes of RFC 6455 section 7.4.1, of the registry it founded, and one of ours.
// https://www.iana.org/assignments/websocket/websocket.xhtml
const (
	closeNormal     = 1000
	closeGoingAway  = 1001
	closeProtocol   = 1002
	closeBinary     = 1003
	closeNoCode     = 1005 // never on the wire: the close frame had no code
	closeAbnormal   = 1006 // never on the wire: there was no close frame
	closeNotUTF8    = 1007
	closePolicy     = 1008
	closeTooBig     = 1009
	closeRestart    = 1012
	closeTryLater   = 1013
	closeSlowReader = 4008
)

// validCloseCode tells what may stand in a close frame: 1004 to 1006 and 1015 must not, 1016 to 2999 are not given out.
func validCloseCode(code int) bool {
	return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
}

// appendFrame appends a whole frame as a server sends it: final and without a mask.
func appendFrame(b []byte, op ws.OpCode, payload []byte) []byte {
	b = append(b, 0x80|byte(op))
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// encode joins texts to consecutive frames in one slice, which all receivers share.
func encode(texts [][]byte) []byte {
	size := 0
	for _, t := range texts {
		size += len(t) + 10 // the longest header without a mask
	}
	b := make([]byte, 0, size)
	for _, t := range texts {
		b = appendFrame(b, ws.OpText, t)
	}
	return b
}

// closeFrame cuts the reason at a character's border to the 123 bytes that a control frame has room for.
func closeFrame(code int, reason string) []byte {
	const room = ws.MaxControlFramePayloadSize - 2
	for len(reason) > room {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	var payload []byte
	if code != closeNoCode {
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
	}
	return appendFrame(nil, ws.OpClose, payload)
}

// frameEnd returns where the frame that offset lies within ends, or offset where it lies between two. b holds whole
// frames of ours.
func frameEnd(b []byte, offset int) int {
	at := 0
	for at < offset {
		switch n := b[at+1]; n {
		case 126:
			at += 4 + int(binary.BigEndian.Uint16(b[at+2:]))
		case 127:
			at += 10 + int(binary.BigEndian.Uint64(b[at+2:]))
		default:
			at += 2 + int(n)
		}
	}
	return at
}
