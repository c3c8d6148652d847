package gateway

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// maxFragments bounds the frames of one message, since empty ones do not count towards its bytes.
const maxFragments = 1024

// frameReader takes a client's bytes as they come and gives whole messages. Between calls it holds only what is
// unfinished: for an idle connection nothing beyond itself.
type frameReader struct {
	limit      int    // bytes a message may have
	frameLimit int    // bytes a frame of it may have
	message    []byte // text that has come of an unfinished message
	control    []byte // payload that has come of an unfinished control frame
	fragments  int
	begun      bool // a message has begun and its last frame has not ended

	inPayload bool // what comes next is payload, of this frame:
	final     bool
	op        ws.OpCode
	mask      [4]byte
	left      int // payload bytes still to come
	done      int // payload bytes that have come

	header [14]byte // what has come of an unfinished header; RFC 6455 section 5.2 makes it at most 14 bytes
	have   int
}

type eventKind uint8

const (
	eventNone      eventKind = iota // all bytes are used up
	eventText                       // payload is a whole message, and the receiver's to keep
	eventPing                       // payload is to be sent back; it may lie in b
	eventPong                       // nothing to do
	eventClose                      // code and payload (the reason) are the client's
	eventViolation                  // the connection must be failed with code; the reason says why
)

type event struct {
	kind    eventKind
	code    int
	reason  string
	payload []byte
}

func violation(code int, reason string) event {
	return event{kind: eventViolation, code: code, reason: reason}
}

// next uses bytes of b up to the first event and returns the rest. After eventClose and eventViolation it must not be
// called again. It unmasks b in place.
func (r *frameReader) next(b []byte) (rest []byte, e event) {
	for {
		if !r.inPayload {
			var whole bool
			if b, whole, e = r.readHeader(b); e.kind != eventNone || !whole {
				return b, e
			}
		}
		if b = r.readPayload(b); r.left > 0 {
			return b, event{}
		}
		r.inPayload = false
		if e = r.endFrame(); e.kind != eventNone {
			return b, e
		}
	}
}

// readHeader gathers a header, refusing what is wrong as soon as the bytes that say so have come.
func (r *frameReader) readHeader(b []byte) (rest []byte, whole bool, e event) {
	for r.have < 2 {
		if len(b) == 0 {
			return b, false, event{}
		}
		r.header[r.have] = b[0]
		r.have, b = r.have+1, b[1:]
		if r.have == 1 {
			e = r.checkFirst()
		} else {
			e = r.checkSecond()
		}
		if e.kind != eventNone {
			return b, false, e
		}
	}
	size := r.headerSize()
	n := copy(r.header[r.have:size], b)
	r.have, b = r.have+n, b[n:]
	if r.have < size-len(r.mask) {
		return b, false, event{}
	}
	if e = r.checkLength(); e.kind != eventNone || r.have < size {
		return b, false, e
	}
	copy(r.mask[:], r.header[size-len(r.mask):])
	r.inPayload, r.done, r.have = true, 0, 0
	return b, true, event{}
}

// checkFirst looks at FIN, RSV and the opcode. RFC 6455 sections 5.2, 5.4 and 5.5.
func (r *frameReader) checkFirst() event {
	r.final = r.header[0]&0x80 != 0
	r.op = ws.OpCode(r.header[0] & 0x0f)
	switch {
	case r.header[0]&0x70 != 0:
		return violation(closeProtocol, "reserved bit without an extension")
	case r.op.IsReserved():
		return violation(closeProtocol, "reserved opcode")
	case r.op.IsControl():
		if !r.final {
			return violation(closeProtocol, "fragmented control frame")
		}
		return event{}
	case r.op == ws.OpContinuation && !r.begun:
		return violation(closeProtocol, "nothing to continue")
	case r.op != ws.OpContinuation && r.begun:
		return violation(closeProtocol, "new message inside a fragmented one")
	case r.op == ws.OpBinary:
		// As API Gateway does:
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
		return violation(closeBinary, "text only")
	}
	return event{}
}

func (r *frameReader) checkSecond() event {
	switch {
	case r.header[1]&0x80 == 0:
		return violation(closeProtocol, "frame without a mask")
	case r.op.IsControl() && r.header[1]&0x7f > ws.MaxControlFramePayloadSize:
		return violation(closeProtocol, "control frame above 125 bytes")
	}
	return event{}
}

// headerSize is known once two bytes have come.
func (r *frameReader) headerSize() int {
	switch r.header[1] & 0x7f {
	case 126:
		return 2 + 2 + 4
	case 127:
		return 2 + 8 + 4
	}
	return 2 + 4
}

// checkLength reads the announced length, so that what is too big is refused before it comes.
func (r *frameReader) checkLength() event {
	length := uint64(r.header[1] & 0x7f)
	switch length {
	case 126:
		if length = uint64(binary.BigEndian.Uint16(r.header[2:])); length < 126 {
			return violation(closeProtocol, "length not in its shortest form")
		}
	case 127:
		if length = binary.BigEndian.Uint64(r.header[2:]); length>>63 != 0 {
			return violation(closeProtocol, "length with its top bit set")
		} else if length < 1<<16 {
			return violation(closeProtocol, "length not in its shortest form")
		}
	}
	if r.op.IsData() && length > uint64(r.limit-len(r.message)) {
		return violation(closeTooBig, "message too big")
	}
	if r.op.IsData() && r.frameLimit > 0 && length > uint64(r.frameLimit) {
		return violation(closeTooBig, "frame too big")
	}
	r.left = int(length)
	return event{}
}

func (r *frameReader) readPayload(b []byte) (rest []byte) {
	n := min(r.left, len(b))
	part := b[:n]
	ws.Cipher(part, r.mask, r.done)
	switch {
	case r.op.IsControl() && n == r.left && r.control == nil:
		r.control = part // all of it is here: a flood of pings must not make garbage
	case r.op.IsControl():
		r.control = append(r.control, part...)
	default:
		if r.message == nil && n == r.left && n > 0 {
			r.message = make([]byte, 0, n) // the usual case: all of it is here
		}
		// Grown by what has come, not by what was announced: an announcement costs the client nothing.
		r.message = append(r.message, part...)
	}
	r.left, r.done = r.left-n, r.done+n
	return b[n:]
}

// endFrame turns a frame that is complete into an event, if it makes one.
func (r *frameReader) endFrame() event {
	if r.op.IsControl() {
		payload := r.control
		r.control = nil
		switch r.op {
		case ws.OpPing:
			return event{kind: eventPing, payload: payload}
		case ws.OpPong:
			return event{kind: eventPong}
		}
		return closeEvent(payload)
	}
	r.begun = true
	if !r.final {
		if r.fragments++; r.fragments > maxFragments {
			return violation(closeTooBig, "message in too many frames")
		}
		return event{}
	}
	message := r.message
	r.message, r.fragments, r.begun = nil, 0, false
	if !utf8.Valid(message) {
		return violation(closeNotUTF8, "text is not UTF-8")
	}
	return event{kind: eventText, payload: message}
}

// closeEvent checks a client's close frame. RFC 6455 sections 5.5.1 and 7.4.
func closeEvent(payload []byte) event {
	if len(payload) == 0 {
		return event{kind: eventClose, code: closeNoCode}
	}
	if len(payload) == 1 {
		return violation(closeProtocol, "close frame of one byte")
	}
	code, reason := int(binary.BigEndian.Uint16(payload)), payload[2:]
	if !validCloseCode(code) {
		return violation(closeProtocol, "close code that must not be sent")
	}
	if !utf8.Valid(reason) {
		return violation(closeNotUTF8, "close reason is not UTF-8")
	}
	return event{kind: eventClose, code: code, payload: reason}
}

// closeReason is the client's own; or, without a code, what API Gateway tells a function in its place.
func closeReason(e event) string {
	if e.code == closeNoCode {
		return "Client-side close frame status not set"
	}
	return string(e.payload)
}

// idle tells that no frame and no message is unfinished.
func (r *frameReader) idle() bool { return r.have == 0 && !r.inPayload && !r.begun }
