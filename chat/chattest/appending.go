package chattest

import (
	"fmt"
	"testing"

	"parley/chat"
)

func onceEach(t *testing.T, log chat.MessageLog) {
	room, other := fresh("room"), fresh("room")
	first := chat.Entry{Kind: chat.KindMessage, At: 5, Person: "p", From: "Ann", ID: "x", Text: "the first"}
	again := chat.Entry{Kind: chat.KindMessage, At: 9, Person: "p", From: "Anne", ID: "x", Text: "changed"}
	wantAppended(t, add(t, log, room, first)[0], 1, false, "the first")
	got := add(t, log, room, again)[0]
	wantAppended(t, got, 1, true, "the first")
	if got.At != 5 || got.From != "Ann" {
		t.Errorf("a repeat: got %+v, want the first entry as it was", got)
	}

	// Within one call, also of what stands earlier in that call.
	mixed := add(t, log, room,
		chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "y", Text: "y"},
		again,
		chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "y", Text: "y again"},
		chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "z", Text: "z"})
	wantAppended(t, mixed[0], 2, false, "y")
	wantAppended(t, mixed[1], 1, true, "the first")
	wantAppended(t, mixed[2], 2, true, "y")
	wantAppended(t, mixed[3], 3, false, "z")

	// Another person, another room and no id are no repeats.
	wantAppended(t, add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: "q", ID: "x", Text: "of q"})[0], 4, false, "of q")
	wantAppended(t, add(t, log, other, again)[0], 1, false, "changed")
	wantAppended(t, add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: "p", Text: "no id"})[0], 5, false, "no id")
	wantAppended(t, add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: "p", Text: "no id"})[0], 6, false, "no id")
	if head := extentOf(t, log, room).Head; head != 6 {
		t.Errorf("head: got %d, want 6", head)
	}
	// A call of nothing but repeats adds nothing, and later ones go on from there.
	all := add(t, log, room, again, again)
	wantAppended(t, all[0], 1, true, "the first")
	wantAppended(t, all[1], 1, true, "the first")
	wantAppended(t, add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "w"})[0], 7, false, "")
}

func onceAtOnce(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	results := make([]chat.Appended, 16)
	together(len(results), func(i int) {
		appended, err := log.Append(t.Context(), room, chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "same", Text: fmt.Sprint(i)})
		if err != nil {
			t.Errorf("Append: %v", err)
			return
		}
		results[i] = appended[0]
	})
	fresh := 0
	for _, r := range results {
		if !r.Repeat {
			fresh++
		}
		if r.Entry != results[0].Entry {
			t.Errorf("two answers to one id: %+v and %+v", results[0], r)
		}
	}
	if fresh != 1 {
		t.Errorf("%d of %d were told that theirs was the first, want 1", fresh, len(results))
	}
	if head := extentOf(t, log, room).Head; head != 1 {
		t.Errorf("head: got %d, want 1", head)
	}
}

// appendAtOnce wants 1 … n without holes, the entries of one call side by side
// in their order, and each goroutine's later calls after its earlier ones.
func appendAtOnce(t *testing.T, log chat.MessageLog) {
	const speakers, calls, each = 12, 6, 3
	room := fresh("room")
	together(speakers, func(s int) {
		var last uint64
		for c := range calls {
			var entries []chat.Entry
			for e := range each {
				entries = append(entries, chat.Entry{Kind: chat.KindMessage, Person: fmt.Sprint("p", s), ID: fmt.Sprint(c, ".", e), Text: fmt.Sprint(s, " ", c)})
			}
			appended, err := log.Append(t.Context(), room, entries...)
			if err != nil {
				t.Errorf("Append: %v", err)
				return
			}
			for e, a := range appended {
				if a.Repeat || a.Seq != appended[0].Seq+uint64(e) || a.ID != entries[e].ID {
					t.Errorf("entry %d of a call that starts at %d: got %+v", e, appended[0].Seq, a)
				}
			}
			if appended[0].Seq <= last {
				t.Errorf("a later call got sequence %d, an earlier one %d", appended[0].Seq, last)
			}
			last = appended[each-1].Seq
		}
	})
	entries, err := log.Range(t.Context(), room, 1, 1<<40, 1<<20)
	must(t, err)
	if len(entries) != speakers*calls*each {
		t.Fatalf("got %d entries, want %d", len(entries), speakers*calls*each)
	}
	for i, e := range entries {
		if e.Seq != uint64(i)+1 {
			t.Fatalf("entry %d has sequence %d", i+1, e.Seq)
		}
		if first := entries[i-i%each]; e.Text != first.Text || e.Person != first.Person {
			t.Errorf("two calls' entries are mixed at %d: %+v after %+v", e.Seq, e, first)
		}
	}
}

func roomsAtOnce(t *testing.T, log chat.MessageLog) {
	const rooms, calls = 10, 8
	var names [rooms]string
	for i := range names {
		names[i] = fresh("room")
	}
	together(2*rooms, func(i int) {
		for c := range calls {
			_, err := log.Append(t.Context(), names[i%rooms], chat.Entry{Kind: chat.KindMessage, Person: "p", ID: fmt.Sprint(i, c), Text: names[i%rooms]})
			if err != nil {
				t.Errorf("Append: %v", err)
			}
		}
	})
	for _, room := range names {
		entries, err := log.Range(t.Context(), room, 1, 1000, 1<<20)
		must(t, err)
		if len(entries) != 2*calls {
			t.Errorf("%s: got %d entries, want %d", room, len(entries), 2*calls)
		}
		for i, e := range entries {
			if e.Seq != uint64(i)+1 || e.Text != room {
				t.Errorf("%s: entry %d is %+v", room, i+1, e)
			}
		}
	}
}

func cancelledAppend(t *testing.T, log chat.MessageLog) {
	room, over := fresh("room"), cancelled()
	add(t, log, room, chat.Entry{Kind: chat.KindMessage, Text: "kept"})
	entry := chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "x", Text: "never"}
	_, rooms := log.Rooms(over, 10)
	for call, err := range map[string]error{
		"Append":    second(log.Append(over, room, entry, entry)),
		"Extent":    second(log.Extent(over, room)),
		"Range":     second(log.Range(over, room, 1, 10, 1000)),
		"RangeBack": second(log.RangeBack(over, room, 1, 10, 1000)),
		"Rooms":     rooms,
	} {
		if err == nil {
			t.Errorf("%s with a cancelled context returned no error", call)
		}
	}
	if head := extentOf(t, log, room).Head; head != 1 {
		t.Errorf("head after a cancelled Append: got %d, want 1", head)
	}
	wantAppended(t, add(t, log, room, entry)[0], 2, false, "never")
}

func wantAppended(t testing.TB, got chat.Appended, seq uint64, repeat bool, text string) {
	t.Helper()
	if got.Seq != seq || got.Repeat != repeat || got.Text != text {
		t.Errorf("appended: got seq %d, repeat %v, text %q, want %d, %v, %q", got.Seq, got.Repeat, got.Text, seq, repeat, text)
	}
}
