package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
)

const (
	fuzzFloor = 30
	fuzzHead  = 190
)

// fuzzLog has messages of all lengths, edits and deletes above its floor.
func fuzzLog(f *testing.F) *memory.Log {
	log, ctx := memory.NewLog(), context.Background()
	for seq := uint64(1); seq <= fuzzHead; {
		e := chat.Entry{Kind: chat.KindMessage, At: int64(seq), Person: "p", From: "Ada", ID: fmt.Sprint(seq), Text: strings.Repeat("ü", int(seq*seq%4000)+1)}
		switch {
		case seq%13 == 0:
			e.Kind, e.Target, e.Text = chat.KindDelete, seq-2, ""
		case seq%7 == 0:
			e.Kind, e.Target = chat.KindEdit, seq-1
		}
		made, err := log.Append(ctx, "general", e)
		if err != nil {
			f.Fatal(err)
		}
		if made[0].Refused != nil { // the message concerned is none, or is deleted
			e.Kind, e.Target = chat.KindMessage, 0
			if made, err = log.Append(ctx, "general", e); err != nil || made[0].Refused != nil {
				f.Fatal(err, made[0].Refused)
			}
		}
		seq = made[0].Seq + 1
	}
	if err := log.Trim(ctx, "general", fuzzFloor); err != nil {
		f.Fatal(err)
	}
	return log
}

// FuzzHistory asks for pages: each is a run of sequences without a hole, within what there is and what was asked for, told
// as complete only if nothing lies between, and fits a frame.
func FuzzHistory(f *testing.F) {
	log := fuzzLog(f)
	f.Fuzz(func(t *testing.T, position uint64, limit int, how uint8) {
		h := newHome(t, chat.Options{})
		h.log.Log = log
		h.hello("c", "Bob")
		ask := map[string]any{"type": "join", "room": "general"}
		if how&1 != 0 {
			ask["after"] = position
		}
		h.act("c", ask)
		if position > protocol.MaxSequence {
			ask["type"] = "history"
			h.act("c", ask)
			if how&1 != 0 && len(h.got("c", "error")) != 2 {
				t.Fatalf("position %d: %v", position, h.got("c"))
			}
			return
		}
		checkPage(t, h.last("c", "joined"), position, protocol.MaxResume, how&1)

		if delete(ask, "after"); how&3 != 0 {
			ask[[]string{1: "after", 2: "before", 3: "before"}[how&3]] = position
		}
		ask["type"], ask["limit"] = "history", limit
		h.act("c", ask)
		if limit < 1 || limit > protocol.MaxHistory || how&3 > 1 && position == 0 {
			if e := h.last("c", "error"); e.str("code") != string(protocol.BadField) {
				t.Fatalf("%v: %v", ask, e)
			}
			return
		}
		checkPage(t, h.last("c", "history"), position, limit, how&3)
	})
}

// checkPage looks at the page from a position: 0 none, 1 after it, 2 and 3 before it.
func checkPage(t *testing.T, page event, position uint64, limit int, how uint8) {
	t.Helper()
	from, to := uint64(page.num("from")), uint64(page.num("to"))
	seen := map[uint64]bool{}
	for _, list := range []string{"messages", "changes"} {
		last := uint64(0)
		for _, e := range page.list(list) {
			seq := uint64(e.num("seq"))
			if seen[seq] || seq <= last || seq < from || seq > to {
				t.Fatalf("%d in %s of %d to %d, after %d", seq, list, from, to, last)
			}
			seen[seq], last = true, seq
		}
	}
	complete, after := page["complete"] == true, how == 1
	whole := position >= fuzzFloor && position <= fuzzHead
	newest := !after || page["type"] == "joined" && !whole // what there is instead
	switch {
	case page.num("floor") != fuzzFloor || page.num("head") != fuzzHead:
		t.Fatalf("floor %d, head %d", page.num("floor"), page.num("head"))
	case uint64(len(seen)) != to-from+1 || len(seen) > limit:
		t.Fatalf("%d entries in %d to %d, limit %d", len(seen), from, to, limit)
	case len(seen) > 0 && (from <= fuzzFloor || to > fuzzHead):
		t.Fatalf("%d to %d is not there", from, to)
	case complete != (!after || whole):
		t.Fatalf("complete %t after %d", complete, position)
	case after && whole && from != position+1:
		t.Fatalf("from %d after %d", from, position)
	case how > 1 && len(seen) > 0 && to != min(position-1, fuzzHead):
		t.Fatalf("to %d before %d", to, position)
	case len(seen) > 0 && newest && page["more"] != (from > fuzzFloor+1), len(seen) > 0 && !newest && page["more"] != (to < fuzzHead):
		t.Fatalf("more %v with %d to %d", page["more"], from, to)
	case len(seen) == 0 && (after && position >= fuzzFloor && position < fuzzHead || how > 1 && position > fuzzFloor+1 || how == 0):
		t.Fatalf("nothing at %d", position)
	}
}
