package functions_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/functions"
)

// TestSweep: the clock's event is a sweep of OnAction's, and of nobody else's.
func TestSweep(t *testing.T) {
	r := &recorder{}
	if answer, err := invoke(t, r, functions.Options{}, functions.OnAction, []byte(functions.SweepEvent)); err != nil || answer != `{"statusCode":200}` || !slices.Equal(r.swept, []string{""}) {
		t.Errorf("%s, %v, swept after %q", answer, err, r.swept)
	}
	for _, name := range []string{functions.OnConnect, functions.OnDisconnect} {
		r := &recorder{}
		if _, err := invoke(t, r, functions.Options{}, name, []byte(functions.SweepEvent)); err == nil || r.swept != nil {
			t.Errorf("%s: %v, swept after %q", name, err, r.swept)
		}
	}
}

// Nothing but that very shape is a sweep: neither what a client can send, nor
// what is half of another event. What is no event at all is an error.
func TestNoSweep(t *testing.T) {
	message := func(edit func(map[string]any)) string { return string(capture(t, "message", edit)) }
	for name, event := range map[string]string{
		"null":                      `{"parleySweep":null}`,
		"a list":                    `{"parleySweep":[]}`,
		"a text":                    `{"parleySweep":"now"}`,
		"a room that is none":       `{"parleySweep":{"after":7}}`,
		"a slice that is none":      `{"parleySweep":{"slice":1.5}}`,
		"before the first slice":    `{"parleySweep":{"slice":-1}}`,
		"beyond the last slice":     `{"parleySweep":{"slice":12}}`,
		"cut off":                   `{"parleySweep":{`,
		"nothing":                   ``,
		"no object":                 `[]`,
		"as the clock tells itself": `{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`,
		"and a share":               `{"parleySweep":{},"parleyShare":{"room":"general","frames":["{}"]}}`,
		"and a body":                `{"parleySweep":{},"body":"{}"}`,
		"and headers":               `{"parleySweep":{},"headers":{}}`,
		"of an API's request":       `{"parleySweep":{},"requestContext":{"requestId":"r","eventType":"MESSAGE"}}`,
	} {
		r := &recorder{}
		if answer, err := invoke(t, r, functions.Options{}, functions.OnAction, []byte(event)); err == nil || r.swept != nil {
			t.Errorf("%s: %s, swept after %q", name, answer, r.swept)
		}
	}
	for name, event := range map[string]string{
		"said":        message(func(e map[string]any) { e["body"] = functions.SweepEvent }),
		"beside it":   message(func(e map[string]any) { e["parleySweep"] = map[string]any{} }),
		"as a header": message(func(e map[string]any) { e["headers"] = map[string]any{"parleySweep": "{}"} }),
	} {
		r := &recorder{}
		if _, err := invoke(t, r, functions.Options{}, functions.OnAction, []byte(event)); err != nil || r.swept != nil || len(r.frames) != 1 {
			t.Errorf("%s: %v, swept after %q, %d frames", name, err, r.swept, len(r.frames))
		}
	}
}

// TestSweepGoesOn: a run that takes longer than an invocation goes on in others,
// where it stopped, and ends with the last that it may have.
func TestSweepGoesOn(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(29*time.Second))
	defer cancel()
	r, lambda := &recorder{err: fmt.Errorf("in between: %w", context.DeadlineExceeded)}, &invoker{t: t}
	h, err := functions.New(r, functions.Options{Again: lambda}).Handler(functions.OnAction)
	if err != nil {
		t.Fatal(err)
	}
	next := []byte(functions.SweepEvent)
	for runs := 1; ; runs++ {
		if _, err := h.Invoke(ctx, next); err != nil {
			t.Fatal(err)
		}
		if left := time.Until(r.until); left > 28*time.Second || left < 25*time.Second {
			t.Errorf("a slice has %v of 29 s", left)
		}
		if len(lambda.events) < runs {
			break
		}
		next = lambda.events[runs-1]
	}
	if len(r.swept) != 12 || r.swept[11] != strings.Repeat("+", 11) {
		t.Errorf("%d slices, after %q", len(r.swept), r.swept)
	}
	if _, err := h.Invoke(ctx, lambda.events[0]); err != nil || r.swept[12] != "+" {
		t.Errorf("the second again: %v, after %q", err, r.swept[12])
	}

	// What does not go on is not silent: an alarm counts failed invocations.
	lambda.refuse = 1
	if _, err := h.Invoke(ctx, []byte(functions.SweepEvent)); err == nil {
		t.Error("it could not go on, and nobody is told")
	}
	r.err, lambda.events = errors.New("AccessDenied"), nil
	if _, err := h.Invoke(ctx, []byte(functions.SweepEvent)); err == nil || len(lambda.events) != 0 {
		t.Errorf("it failed: %v, and goes on %d times", err, len(lambda.events))
	}
}
