package runtimeapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Kinds of Error, by Lambda's names where it has one.
const (
	KindUnhandled  = "Unhandled"                // the function answered with an error of its own
	KindExit       = "Runtime.ExitError"        // its process ended
	KindInit       = "Runtime.InitError"        // it did not come to its first poll
	KindTimeout    = "Sandbox.Timedout"         // over its own timeout
	KindNoAnswer   = "Runtime.NoAnswer"         // it asked for the next event instead
	KindTooLarge   = "RequestEntityTooLarge"    // above 6 MB, either way
	KindThrottled  = "TooManyRequestsException" // more at once than it may have environments
	KindNotRunning = "ServiceException"         // Close has been called
	KindMalformed  = "InvalidLambdaResponse"    // no answer that API Gateway understands
)

// Error is a failed invocation.
type Error struct {
	Function string
	Kind     string // one of those above
	Message  string // what happened and what to do, in one line
	Payload  []byte // the JSON that the function gave as its error; nil if it gave none
}

func (e *Error) Error() string { return fmt.Sprintf("function %s: %s", e.Function, e.Message) }

// HTTPStatus is what a handshake is refused with: 429 when throttled, else 502.
func (e *Error) HTTPStatus() int {
	if e.Kind == KindThrottled {
		return http.StatusTooManyRequests
	}
	return http.StatusBadGateway
}

func (f *Function) failed(kind, format string, values ...any) *Error {
	return &Error{Function: f.options.Name, Kind: kind, Message: fmt.Sprintf(format, values...)}
}

func (f *Function) throttled() *Error {
	return f.failed(KindThrottled, "throttled: all %d environments are at work and what waits has waited long enough; give it more, or find what holds them", f.options.MaxEnvironments)
}

func (f *Function) gone() *Error { return f.failed(KindNotRunning, "not running any more") }

// kindOf is empty for an error that is not of a function.
func kindOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// said makes one line of the error JSON that a function gives: {"errorType": …, "errorMessage": …}.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
func said(payload []byte, header string) string {
	var e struct{ ErrorType, ErrorMessage string }
	if json.Unmarshal(payload, &e) != nil || e.ErrorType == "" && e.ErrorMessage == "" {
		e.ErrorType = header
	}
	line := strings.Trim(e.ErrorType+": "+e.ErrorMessage, ": ")
	if line == "" {
		line = "an error without a type or a message"
	}
	return oneLine(line, 500)
}

// oneLine cuts s to about size bytes and keeps it on one line.
func oneLine(s string, size int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > size {
		s = strings.ToValidUTF8(s[:size], "") + "…"
	}
	return s
}
