package runtimeapi

import (
	"crypto/rand"
	"fmt"
	"time"
)

// maxPayload is the most that an event or an answer of a synchronous invocation has: 6 MB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20

// invocation is one event on its way through one environment.
type invocation struct {
	id       string // a UUID, as Lambda's
	event    []byte
	deadline time.Time   // set when it is handed over
	result   chan result // has room for the one there will be
}

type result struct {
	answer []byte
	err    error
}

func newInvocation(event []byte) *invocation {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4: RFC 9562 section 5.4
	id := fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	return &invocation{id: id, event: event, result: make(chan result, 1)}
}

// finish is called once.
func (i *invocation) finish(answer []byte, err error) {
	i.event = nil
	i.result <- result{answer, err}
}

// traceID has the form of X-Ray's, not sampled.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(now time.Time) string {
	var b [20]byte
	rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", now.Unix(), b[:12], b[12:])
}
