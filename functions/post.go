package functions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"parley/chat"
)

// outcome is what became of one recipient.
type outcome int

const (
	waiting   outcome = iota // not tried: the context ended before
	done                     // taken
	isGone                   // will never take anything again
	busy                     // 429: over a rate, or its receive buffer is full
	failed                   // 5xx
	slow                     // no answer in time
	unreached                // no answer at all: refused, reset, no such host
	refused                  // anything else: wrong role, wrong stage, too large
	outcomes                 // how many there are
)

// mayPass tells whether a second try is worth it. A slow recipient gets none: it
// has cost its whole patience, and finds the gap by itself. A connection of ours
// that was reset may have been one that died while this process was frozen.
func (o outcome) mayPass() bool { return o == busy || o == failed || o == unreached }

// one makes one call for one connection.
func (p *Poster) one(parent context.Context, c call, body []byte, id chat.ConnectionID) (outcome, string) {
	ctx, cancel := context.WithTimeout(parent, p.options.Patience)
	defer cancel()
	const collection = "/@connections/"
	c.path = collection + escapeSegments(id)
	r := p.endpoint.request(c, collection+id, p.options.Now())
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	// Not through http.Client: there is nothing to follow, and no cookies.
	answer, err := p.options.Transport.RoundTrip(r.WithContext(ctx))
	switch {
	case err == nil:
	case parent.Err() != nil:
		return waiting, ""
	case errors.Is(err, context.DeadlineExceeded):
		return slow, ""
	default:
		return unreached, err.Error()
	}
	// Read to its end, the connection can be used again.
	io.CopyN(io.Discard, answer.Body, 4<<10)
	answer.Body.Close()
	return judge(answer)
}

// judge goes by the status. 410 comes with an empty body and sometimes without a
// usable type, and 400 is for an id that is not one: neither will ever be taken.
// https://github.com/georgeboot/laravel-echo-api-gateway/pull/25
// https://github.com/localstack/localstack/issues/4694
func judge(answer *http.Response) (outcome, string) {
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return done, ""
	case status == http.StatusGone, status == http.StatusBadRequest:
		return isGone, ""
	case status == http.StatusTooManyRequests:
		return busy, ""
	case status >= 500:
		return failed, ""
	default:
		// Never the body: where a signature is wrong it repeats what was signed, the
		// session token included.
		kind := answer.Header.Get("X-Amzn-ErrorType")
		if len(kind) > 80 {
			kind = kind[:80]
		}
		return refused, fmt.Sprintf("status %d %s%s", status, kind, hints[status])
	}
}

// hints say where to look.
var hints = map[int]string{
	http.StatusForbidden:             "; hint: does the role have execute-api:ManageConnections, and does MANAGEMENT_ENDPOINT end in the stage's name?",
	http.StatusNotFound:              "; hint: is MANAGEMENT_ENDPOINT the API's own address, not that of a website?",
	http.StatusRequestEntityTooLarge: "; hint: a message has at most 128 KB",
}
