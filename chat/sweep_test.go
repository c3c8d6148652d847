package chat_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"parley/chat"
	"parley/memory"
)

// hastyLog is a log in which there is time for so many trims, and which one room
// cannot be trimmed in.
type hastyLog struct {
	*memory.Log
	time    int
	broken  string
	trimmed []string
}

func (l *hastyLog) Trim(ctx context.Context, room string, floor uint64) error {
	if l.time--; l.time < 0 {
		return fmt.Errorf("no time: %w", context.DeadlineExceeded)
	}
	if room == l.broken {
		return errTable
	}
	l.trimmed = append(l.trimmed, room)
	return l.Log.Trim(ctx, room, floor)
}

// namedLog knows its rooms by name, too.
type namedLog struct {
	*hastyLog
	names []string
}

func (l namedLog) RoomsAfter(ctx context.Context, room string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range l.names {
			if name > room && !yield(name, nil) {
				return
			}
		}
	}
}

func TestSweepGoesOnWhereItStopped(t *testing.T) {
	rooms := []string{"a", "b", "c", "d", "é"}
	setUp := func(t *testing.T, rules ...chat.Rule) (*home, *hastyLog) {
		h := newHome(t, chat.Options{})
		log := &hastyLog{Log: h.log.Log}
		for _, room := range slices.Backward(rooms) {
			for i := range 3 {
				if _, err := log.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, Person: "ann", Text: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		h.laidDown(rules...)
		return h, log
	}
	sweeps := func(t *testing.T, h *home, port chat.MessageLog, log *hastyLog, each, most int) (failed error) {
		t.Helper()
		c := chat.New(chat.Ports{Connections: h.table, Members: h.table, Log: port, People: h.people, Poster: h.poster, Rules: h.rules}, chat.Options{})
		t.Cleanup(c.Close)
		after := ""
		for range most {
			log.time = each
			done, err := c.SweepAfter(t.Context(), after)
			if !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			after = done
		}
		t.Errorf("not done after %d slices", most)
		return nil
	}
	all := chat.Rule{Kind: chat.RuleRetention, Text: "1"}

	t.Run("all rooms, by slices", func(t *testing.T) {
		h, log := setUp(t, all)
		equal(t, "error", sweeps(t, h, log, log, 2, 3), nil)
		equal(t, "each once, in order", log.trimmed, rooms)
	})
	t.Run("where rooms are known by name", func(t *testing.T) {
		h, log := setUp(t, all)
		equal(t, "error", sweeps(t, h, namedLog{log, []string{"a", "b", "c", "d", "never spoken in", "é"}}, log, 1, 6), nil)
		equal(t, "each once, in order", log.trimmed, rooms)
	})
	t.Run("only those that have a rule", func(t *testing.T) {
		h, log := setUp(t, chat.Rule{Kind: chat.RuleRetention, Room: "d", Text: "1"}, chat.Rule{Kind: chat.RuleRetention, Room: "b", Text: "1"}, chat.Rule{Kind: chat.RuleRetention, Room: "unheard of", Text: "1"})
		equal(t, "error", sweeps(t, h, namedLog{log, nil}, log, 9, 1), nil)
		equal(t, "each once, in order", log.trimmed, []string{"b", "d"})
	})
	t.Run("one that fails keeps no other from it", func(t *testing.T) {
		h, log := setUp(t, all)
		log.broken = "b"
		if err := sweeps(t, h, log, log, 9, 1); !errors.Is(err, errTable) {
			t.Errorf("the operator is told %v", err)
		}
		equal(t, "the others", log.trimmed, []string{"a", "c", "d", "é"})
	})
	t.Run("without a rule nothing is listed", func(t *testing.T) {
		h, log := setUp(t)
		equal(t, "error", sweeps(t, h, log, log, 0, 1), nil)
		equal(t, "trimmed", len(log.trimmed), 0)
	})
}

// Who sets a retention in a large chat is answered before all that is there has
// gone: an action on AWS has half a minute.
func TestRetentionWaitsForNoSweep(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "a", "b", "c")
	h.operator("p")
	for _, room := range []string{"a", "b", "c"} {
		for i := range 3 {
			h.say("p", room, fmt.Sprint(i), "text")
		}
	}
	log := &hastyLog{Log: h.log.Log, time: 2}
	h.Chat = chat.New(chat.Ports{Connections: h.table, Members: h.table, Log: log, People: h.people, Poster: h.poster, Rules: h.rules}, chat.Options{})
	t.Cleanup(h.Close)
	h.act("p", `{"type":"retain","id":"r","messages":1}`)
	equal(t, "answered", h.last("p", "moderated").str("id"), "r")
	equal(t, "trimmed by then", log.trimmed, []string{"a", "b"})
	log.time = 9
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, "swept", log.trimmed, []string{"a", "b", "c"})

	h.act("p", `{"type":"retain","messages":3}`)
	log.broken = "a"
	h.say("p", "a", "4", "text") // beyond what is kept
	if err := h.OnAction(t.Context(), "p", []byte(`{"type":"retain","id":"s","room":"a","messages":1}`)); !errors.Is(err, errTable) {
		t.Errorf("the operator is told %v", err)
	}
	equal(t, "what failed is told", h.last("p", "error").str("code"), "unavailable")
}
