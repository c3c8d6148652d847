package chattest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"parley/chat"
)

func message(person, id, text string) chat.Entry {
	return chat.Entry{Kind: chat.KindMessage, At: 1, Person: person, From: "name of " + person, ID: id, Text: text}
}

func edit(person, id string, target uint64, text string) chat.Entry {
	return chat.Entry{Kind: chat.KindEdit, At: 1, Person: person, From: "name of " + person, ID: id, Target: target, Text: text}
}

func remove(person, id string, target uint64) chat.Entry {
	return chat.Entry{Kind: chat.KindDelete, At: 1, Person: person, From: "name of " + person, ID: id, Target: target}
}

// at returns the entry with the sequence and the state it should have.
func at(e chat.Entry, seq uint64, text string, edited, deleted uint64) chat.Entry {
	e.Seq, e.Text, e.Edited, e.Deleted = seq, text, edited, deleted
	return e
}

func changesReplace(t *testing.T, log chat.MessageLog) {
	room, other := fresh("room"), fresh("room")
	first, second := message("p", "1", "first"), message("q", "1", "second")
	add(t, log, room, first, second)
	add(t, log, other, first, second)
	one, two, three := edit("p", "e1", 1, "first, better"), edit("p", "e2", 1, "first, best"), remove("q", "d1", 2)

	wantAppended(t, add(t, log, room, one)[0], 3, false, "first, better")
	wantRange(t, log, room, 1, 9, 1<<20, []chat.Entry{
		at(first, 1, "first, better", 3, 0), at(second, 2, "second", 0, 0), at(one, 3, "first, better", 0, 0),
	})
	wantAppended(t, add(t, log, room, two)[0], 4, false, "first, best")
	wantAppended(t, add(t, log, room, three)[0], 5, false, "")
	changed := []chat.Entry{
		at(first, 1, "first, best", 4, 0), at(second, 2, "", 0, 5),
		at(one, 3, "", 0, 0), at(two, 4, "first, best", 0, 0), at(three, 5, "", 0, 0),
	}
	wantRange(t, log, room, 1, 9, 1<<20, changed)
	// Each part of it alone says the same, and so does reading back.
	for i, want := range changed {
		seq := uint64(i) + 1
		wantRange(t, log, room, seq, seq, 1<<20, changed[i:i+1])
		back, err := log.RangeBack(t.Context(), room, seq, 9, 1<<20)
		must(t, err)
		if len(back) == 0 || back[len(back)-1] != want {
			t.Errorf("RangeBack to %d: got %+v, want %+v last", seq, back, want)
		}
	}
	last := remove("p", "", 1)
	wantAppended(t, add(t, log, room, last)[0], 6, false, "")
	wantRange(t, log, room, 1, 9, 1<<20, []chat.Entry{
		at(first, 1, "", 0, 6), at(second, 2, "", 0, 5), at(one, 3, "", 0, 0), at(two, 4, "", 0, 0), at(three, 5, "", 0, 0), at(last, 6, "", 0, 0),
	})
	if head := extentOf(t, log, room).Head; head != 6 {
		t.Errorf("head: got %d, want 6", head)
	}
	wantRange(t, log, other, 1, 9, 1<<20, []chat.Entry{at(first, 1, "first", 0, 0), at(second, 2, "second", 0, 0)})
}

func changesRefused(t *testing.T, log chat.MessageLog) {
	room, empty := fresh("room"), fresh("room")
	add(t, log, room, message("p", "1", "hers"), edit("p", "2", 1, "hers, edited"), message("q", "3", "gone"), remove("q", "4", 3))
	before, err := log.Range(t.Context(), room, 1, 9, 1<<20)
	must(t, err)
	for _, c := range []struct {
		why   string
		room  string
		entry chat.Entry
		want  error
	}{
		{"an edit of another's", room, edit("q", "x", 1, "his"), chat.ErrNotTheirs},
		{"a delete of another's", room, remove("q", "x", 1), chat.ErrNotTheirs},
		{"a delete of another's, deleted", room, remove("p", "x", 3), chat.ErrNotTheirs},
		{"an edit of nobody's", room, edit("", "x", 1, "whose"), chat.ErrNotTheirs},
		{"an edit of an edit", room, edit("p", "x", 2, "twice"), chat.ErrNoMessage},
		{"a delete of an edit", room, remove("p", "x", 2), chat.ErrNoMessage},
		{"a delete of a delete", room, remove("q", "x", 4), chat.ErrNoMessage},
		{"an edit of what was deleted", room, edit("q", "x", 3, "back"), chat.ErrNoMessage},
		{"an edit of itself", room, edit("p", "x", 5, "me"), chat.ErrNoMessage},
		{"an edit past the head", room, edit("p", "x", 6, "later"), chat.ErrNoMessage},
		{"an edit past every head", room, edit("p", "x", 1<<53-1, "later"), chat.ErrNoMessage},
		{"an edit of nothing", room, edit("p", "x", 0, "0"), chat.ErrNoMessage},
		{"an edit in a room never spoken in", empty, edit("p", "x", 1, "1"), chat.ErrNoMessage},
	} {
		got := add(t, log, c.room, c.entry)[0]
		if !errors.Is(got.Refused, c.want) || got.Repeat {
			t.Errorf("%s: got %+v, want it refused: %v", c.why, got, c.want)
		}
		without := c.entry
		without.ID = ""
		if got := add(t, log, c.room, without)[0]; !errors.Is(got.Refused, c.want) {
			t.Errorf("%s, without an id: got %+v, want it refused: %v", c.why, got, c.want)
		}
	}
	wantRange(t, log, room, 1, 9, 1<<20, before)
	if head := extentOf(t, log, empty).Head; head != 0 {
		t.Errorf("head of a room in which all was refused: %d", head)
	}
	if rooms, err := log.Rooms(t.Context(), 1000); err != nil || slices.ContainsFunc(rooms, func(h chat.RoomHead) bool { return h.Room == empty }) {
		t.Errorf("a room in which all was refused is listed: %+v, %v", rooms, err)
	}
	// What was refused was not said: its id is free, and others go on beside it.
	got := add(t, log, room, edit("q", "x", 1, "his"), message("q", "x", "now said"), remove("q", "y", 1))
	if !errors.Is(got[0].Refused, chat.ErrNotTheirs) || !errors.Is(got[2].Refused, chat.ErrNotTheirs) {
		t.Errorf("beside a message: got %+v and %+v, want both refused", got[0], got[2])
	}
	wantAppended(t, got[1], 5, false, "now said")
}

func changesOnce(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	add(t, log, room, message("p", "m", "one"))
	wantAppended(t, add(t, log, room, edit("p", "e", 1, "two"))[0], 2, false, "two")
	again := add(t, log, room, edit("p", "e", 1, "changed on the way"), message("p", "m", "one"), edit("p", "m", 1, "the message's id"))
	wantAppended(t, again[0], 2, true, "two")
	wantAppended(t, again[1], 1, true, "two")
	if again[1].Edited != 2 || again[2].Kind != chat.KindMessage || !again[2].Repeat {
		t.Errorf("sent again: got %+v and %+v, want the message as edited by 2, twice", again[1], again[2])
	}
	add(t, log, room, edit("p", "f", 1, "three"))
	wantAppended(t, add(t, log, room, edit("p", "e", 1, "two"))[0], 2, true, "") // it has been replaced since
	wantAppended(t, add(t, log, room, remove("p", "d", 1))[0], 4, false, "")
	for _, e := range []chat.Entry{remove("p", "d", 1), remove("p", "d2", 1), remove("p", "", 1)} {
		got := add(t, log, room, e)[0]
		wantAppended(t, got, 4, true, "")
		if got.Kind != chat.KindDelete || got.ID != "d" {
			t.Errorf("a second delete: got %+v, want the first", got)
		}
	}
	// Whatever became of it since, what was done is answered as done.
	for _, e := range []chat.Entry{edit("p", "e", 1, "two"), edit("p", "f", 1, "three")} {
		if got := add(t, log, room, e)[0]; !got.Repeat || got.Refused != nil || got.Text != "" {
			t.Errorf("an edit sent again after the delete: got %+v, want a repeat without a text", got)
		}
	}
	if got := add(t, log, room, message("p", "m", "one"))[0]; !got.Repeat || got.Text != "" || got.Deleted != 4 {
		t.Errorf("a message sent again after its delete: got %+v, want it deleted by 4", got)
	}
	if head := extentOf(t, log, room).Head; head != 4 {
		t.Errorf("head: got %d, want 4", head)
	}
}

func changesInOneCall(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	got := add(t, log, room,
		message("p", "1", "said"), edit("p", "2", 1, "edited"), edit("p", "2", 1, "again"), message("p", "3", "more"),
		remove("p", "4", 1), edit("p", "5", 1, "too late"), remove("p", "6", 1))
	wantAppended(t, got[1], 2, false, "edited")
	if !got[2].Repeat || got[2].Seq != 2 {
		t.Errorf("an edit sent again in one call: got %+v", got[2])
	}
	wantAppended(t, got[4], 4, false, "")
	if !errors.Is(got[5].Refused, chat.ErrNoMessage) || !got[6].Repeat || got[6].Seq != 4 {
		t.Errorf("after the delete: got %+v, want it refused, and %+v, want the first delete", got[5], got[6])
	}
	entries, err := log.Range(t.Context(), room, 1, 9, 1<<20)
	must(t, err)
	var texts []string
	for _, e := range entries {
		texts = append(texts, e.Text)
	}
	if want := []string{"", "", "more", ""}; !slices.Equal(texts, want) {
		t.Errorf("texts: got %q, want %q", texts, want)
	}
}

// changesAtOnce has one message edited from many sides. Whatever comes first,
// all end with the text of the newest edit, and with no other.
func changesAtOnce(t *testing.T, log chat.MessageLog) {
	for _, deleted := range []bool{false, true} {
		const editors, each = 6, 3
		room := fresh("room")
		add(t, log, room, message("p", "m", "first"))
		together(editors, func(i int) {
			for n := range each {
				e := edit("p", fmt.Sprint(i, ".", n), 1, fmt.Sprint("text ", i, ".", n))
				if deleted && i == 0 && n == each-1 {
					e = remove("p", e.ID, 1)
				}
				got, err := log.Append(t.Context(), room, e)
				if err != nil || got[0].Refused != nil && !deleted {
					t.Errorf("Append: %+v, %v", got, err)
				}
			}
		})
		entries, err := log.Range(t.Context(), room, 1, 100, 1<<20)
		must(t, err)
		said, newest := entries[0], entries[len(entries)-1]
		if !deleted && (len(entries) != 1+editors*each || said.Edited != newest.Seq || said.Text != newest.Text || said.Text == "") {
			t.Errorf("%d entries, the message is %+v, the newest edit %+v", len(entries), said, newest)
		}
		if deleted && (said.Deleted == 0 || said.Text != "" || said.Edited != 0) {
			t.Errorf("deleted among edits: the message is %+v", said)
		}
		for i, e := range entries[1:] {
			if e.Seq != uint64(i)+2 {
				t.Errorf("entry %d has sequence %d", i+2, e.Seq)
			}
			if e.Text != "" && e.Seq != said.Edited {
				t.Errorf("a text that was replaced is still there: %+v", e)
			}
		}
	}
}
