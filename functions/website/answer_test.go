package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// TestAnswer: it arrives where it can, and its address is told to nobody.
func TestAnswer(t *testing.T) {
	t.Run("tried again after a failure", func(t *testing.T) {
		w := newWorld(t)
		w.statuses = []int{500, 503, 429}
		w.succeeds(cfn.RequestDelete, nil)
		if w.tries != 4 {
			t.Errorf("it was sent %d times", w.tries)
		}
	})
	t.Run("refused, the invocation fails, so that Lambda makes it again", func(t *testing.T) {
		w := newWorld(t)
		w.statuses = []int{403}
		_, err := w.function(0).Invoke(t.Context(), w.event(cfn.RequestDelete, nil))
		if err == nil || !strings.Contains(err.Error(), "answer CloudFormation: it was answered with 403 Forbidden") || strings.Contains(err.Error(), "5ca1ab1e") {
			t.Errorf("the invocation's error: %v", err)
		}
		if w.tries != 1 {
			t.Errorf("it was sent %d times", w.tries)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		w := newWorld(t)
		w.answers.Close()
		started := time.Now()
		_, err := w.function(2*time.Second).Invoke(t.Context(), w.event(cfn.RequestDelete, nil))
		if err == nil || !strings.Contains(err.Error(), "answer CloudFormation: ") || strings.Contains(err.Error(), "5ca1ab1e") || strings.Contains(err.Error(), "arn") {
			t.Errorf("the invocation's error: %v", err)
		}
		if took := time.Since(started); took < time.Second {
			t.Errorf("it gave up after %v", took)
		}
	})
	t.Run("without an address", func(t *testing.T) {
		for _, address := range []string{"", "://", "\x00", "ftp://" + signature} {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			err := answer{}.send(ctx, address)
			cancel()
			if err == nil || strings.Contains(err.Error(), signature) {
				t.Errorf("%q: %v", address, err)
			}
		}
	})
	t.Run("without credentials, each request is told so", func(t *testing.T) {
		w := newWorld(t)
		var e cfn.Event
		w.decode(w.event(cfn.RequestDelete, nil), &e)
		r := newResource(func(string) string { return "" }, slog.New(slog.DiscardHandler))
		if err := r.handle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if a := w.answer(); a.Status != cfn.StatusFailed || !strings.Contains(a.Reason, "AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not all set") {
			t.Errorf("%+v", a)
		}
	})
	t.Run("after a panic", func(t *testing.T) {
		w := newWorld(t)
		var e cfn.Event
		w.decode(w.event(cfn.RequestUpdate, nil), &e)
		if err := (&resource{logger: slog.New(slog.NewTextHandler(w.log, nil))}).handle(t.Context(), e); err != nil { // without a client
			t.Fatal(err)
		}
		if a := w.answer(); a.Status != cfn.StatusFailed || !strings.Contains(a.Reason, "a mistake in this program (runtime error: invalid memory address") || !strings.Contains(w.log.String(), "put.go") {
			t.Errorf("%+v", a)
		}
	})
	t.Run("of whatever is wrong, in 4,096 bytes", func(t *testing.T) {
		w := newWorld(t)
		a := w.ask(cfn.RequestCreate, func(e *cfn.Event) {
			e.ResourceProperties["Server"] = strings.Repeat("<\"☕\x01", 1000)
			e.StackID = "arn:aws:cloudformation:us-east-1:123456789012:stack/" + strings.Repeat("s", 128) + "/1"
		})
		if a.Status != cfn.StatusFailed || len(a.Reason) > maxReason || !strings.HasSuffix(a.Reason, "…") {
			t.Errorf("%d bytes: %s", len(a.Reason), a.Reason)
		}
	})
}

// TestRedirect: an answer goes where it was asked for, and nowhere else.
func TestRedirect(t *testing.T) {
	w := newWorld(t)
	elsewhere := httptest.NewServer(http.RedirectHandler(w.answers.URL+"/?"+signature, http.StatusTemporaryRedirect))
	defer elsewhere.Close()
	err := answer{}.send(t.Context(), elsewhere.URL)
	if err == nil || w.tries > 0 || strings.Contains(err.Error(), "5ca1ab1e") {
		t.Errorf("error %v, %d answers went on", err, w.tries)
	}
}
