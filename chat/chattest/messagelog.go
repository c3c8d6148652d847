package chattest

import (
	"fmt"
	"slices"
	"testing"

	"parley/chat"
)

// MessageLog holds an implementation to chat.MessageLog. open returns one that
// no other test speaks in.
func MessageLog(t *testing.T, open func(t testing.TB) chat.MessageLog) {
	t.Run("entries come back whole, in sequence", func(t *testing.T) { entriesWhole(t, open(t)) })
	t.Run("hostile names, ids and texts stay apart", func(t *testing.T) { hostileEntries(t, open(t)) })
	t.Run("the same id makes one entry", func(t *testing.T) { onceEach(t, open(t)) })
	t.Run("the same id at once makes one entry", func(t *testing.T) { onceAtOnce(t, open(t)) })
	t.Run("many append to one room at once", func(t *testing.T) { appendAtOnce(t, open(t)) })
	t.Run("many append to many rooms at once", func(t *testing.T) { roomsAtOnce(t, open(t)) })
	t.Run("at never runs backwards", func(t *testing.T) { atNeverBackwards(t, open(t)) })
	t.Run("an unknown room is an empty one", func(t *testing.T) { unknownRoom(t, open(t)) })
	t.Run("ranges end at their limits", func(t *testing.T) { rangeLimits(t, open(t)) })
	t.Run("rooms by their newest entry", func(t *testing.T) { roomsInOrder(t, open(t)) })
	t.Run("a cancelled call appends nothing", func(t *testing.T) { cancelledAppend(t, open(t)) })
	t.Run("an edit or delete leaves no earlier text", func(t *testing.T) { changesReplace(t, open(t)) })
	t.Run("changes that are not one's to make", func(t *testing.T) { changesRefused(t, open(t)) })
	t.Run("the same id makes one change", func(t *testing.T) { changesOnce(t, open(t)) })
	t.Run("messages and their changes in one call", func(t *testing.T) { changesInOneCall(t, open(t)) })
	t.Run("one message is changed from many sides", func(t *testing.T) { changesAtOnce(t, open(t)) })
	t.Run("like the model", func(t *testing.T) { likeTheModel(t, open(t)) })
}

func entriesWhole(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	want := []chat.Entry{
		{Kind: chat.KindMessage, At: 1_700_000_000_000, Person: "p1", From: "Ann", ID: "a", Text: "hello"},
		{Kind: chat.KindMessage, At: 1_700_000_000_001, Person: "p1", From: "Ann"}, // an empty text, no id
		{Kind: chat.KindEdit, At: 1_700_000_000_002, Person: "p1", From: "Anna", ID: "b", Text: "hullo", Target: 1},
		{Kind: chat.KindDelete, At: 1_700_000_000_003, Person: "p1", From: "Bob", ID: "c", Target: 2},
		{Kind: chat.KindMessage, At: 1_700_000_000_004, Person: "p2", From: "Bob", ID: "d", Text: "bye", Lost: true, Seq: 99, Edited: 1, Deleted: 1},
	}
	appended := add(t, log, room, want[:2]...)
	appended = append(appended, add(t, log, room, want[2:]...)...)
	for i := range want {
		want[i].Seq, want[i].Lost, want[i].Edited, want[i].Deleted = uint64(i)+1, false, 0, 0 // none of these is the caller's to say
		if appended[i].Repeat || appended[i].Entry != want[i] {
			t.Errorf("Append, entry %d:\n got %+v\nwant %+v", i, appended[i], want[i])
		}
	}
	want[0].Text, want[0].Edited, want[1].Deleted = "hullo", 3, 4
	wantRange(t, log, room, 1, 5, 1<<20, want)
	if extent := extentOf(t, log, room); extent.Head != 5 || extent.Floor != 0 || extent.Epoch == "" {
		t.Errorf("Extent: got %+v, want head 5, floor 0 and an epoch", extent)
	}
	if none := add(t, log, room); len(none) != 0 {
		t.Errorf("Append of nothing: got %+v", none)
	}
	if extent := extentOf(t, log, room); extent.Head != 5 {
		t.Errorf("head after Append of nothing: got %d, want 5", extent.Head)
	}
}

func hostileEntries(t *testing.T, log chat.MessageLog) {
	for i, room := range hostile {
		text := hostile[(i+1)%len(hostile)]
		add(t, log, room,
			chat.Entry{Kind: chat.KindMessage, At: 1, Person: room, From: text, ID: room, Text: text},
			chat.Entry{Kind: chat.KindMessage, At: 1, Person: text, From: room, ID: room, Text: room})
	}
	for i, room := range hostile {
		text := hostile[(i+1)%len(hostile)]
		wantRange(t, log, room, 1, 10, 1<<20, []chat.Entry{
			{Seq: 1, Kind: chat.KindMessage, At: 1, Person: room, From: text, ID: room, Text: text},
			{Seq: 2, Kind: chat.KindMessage, At: 1, Person: text, From: room, ID: room, Text: room},
		})
	}
	// The parts of (room, person, id) do not run into each other.
	room := fresh("room")
	for i, key := range [][2]string{{"a#b", "c"}, {"a", "b#c"}, {"a:b", "c"}, {"a", "b:c"}, {"a\x00b", "c"}, {"a", "b\x00c"}, {"ab", "c"}, {"a", "bc"}} {
		got := add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: key[0], ID: key[1]})
		if got[0].Repeat || got[0].Seq != uint64(i)+1 {
			t.Errorf("person %q, id %q: got %+v, want a new entry", key[0], key[1], got[0])
		}
	}
}

func atNeverBackwards(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	for i, step := range []struct{ at, want int64 }{{100, 100}, {90, 100}, {101, 101}, {0, 101}, {-5, 101}, {200, 200}} {
		got := add(t, log, room, chat.Entry{Kind: chat.KindMessage, Person: "p", At: step.at})
		if got[0].At != step.want {
			t.Errorf("entry %d made at %d: got at %d, want %d", i+1, step.at, got[0].At, step.want)
		}
	}
	got := add(t, log, room, chat.Entry{Kind: chat.KindMessage, At: 300}, chat.Entry{Kind: chat.KindMessage, At: 250})
	if got[1].At != 300 {
		t.Errorf("within one Append: got at %d after 300", got[1].At)
	}
	other := add(t, log, fresh("room"), chat.Entry{Kind: chat.KindMessage, At: 7})
	if other[0].At != 7 {
		t.Errorf("another room's clock: got at %d, want 7", other[0].At)
	}
}

func unknownRoom(t *testing.T, log chat.MessageLog) {
	spoken, unknown := fresh("room"), fresh("room")
	add(t, log, spoken, chat.Entry{Kind: chat.KindMessage, Text: "x"})
	if got := extentOf(t, log, unknown); got.Head != 0 || got.Floor != 0 || got.Epoch == "" {
		t.Errorf("Extent of a room never spoken in: got %+v, want an epoch and zeros", got)
	}
	wantRange(t, log, unknown, 1, 10, 1<<20, nil)
	heads, err := log.Rooms(t.Context(), 1000)
	must(t, err)
	if slices.ContainsFunc(heads, func(h chat.RoomHead) bool { return h.Room == unknown }) {
		t.Error("asking for a room made it")
	}
	before := extentOf(t, log, unknown).Epoch
	add(t, log, unknown, chat.Entry{Kind: chat.KindMessage, Text: "first"})
	if after := extentOf(t, log, unknown).Epoch; after != before {
		t.Errorf("the epoch changed with the first message: %q, then %q", before, after)
	}
}

func rangeLimits(t *testing.T, log chat.MessageLog) {
	room := fresh("room")
	var all []chat.Entry
	for i := range 10 { // texts of 10 bytes, 20 where not ASCII would count as 10 runes
		all = append(all, chat.Entry{Seq: uint64(i) + 1, Kind: chat.KindMessage, At: 1, Person: "p", ID: fmt.Sprint(i), Text: "éééé" + fmt.Sprintf("%02d", i)})
	}
	add(t, log, room, all...)
	for _, c := range []struct {
		from, to uint64
		maxBytes int
		want     []chat.Entry // oldest first
		back     []chat.Entry // oldest first, too
	}{
		{1, 10, 1 << 20, all, all},
		{1, 10, 100, all, all},
		{1, 10, 99, all[:9], all[1:]},
		{1, 10, 35, all[:3], all[7:]},
		{1, 10, 30, all[:3], all[7:]},
		{1, 10, 29, all[:2], all[8:]},
		{1, 10, 1, all[:1], all[9:]},
		{1, 10, 0, all[:1], all[9:]},
		{4, 6, 1000, all[3:6], all[3:6]},
		{4, 4, 1000, all[3:4], all[3:4]},
		{0, 2, 1000, all[:2], all[:2]},
		{9, 1000, 1000, all[8:], all[8:]},
		{9, 1<<63 - 1, 1000, all[8:], all[8:]},
		{0, 1<<64 - 1, 1000, all, all},
		{11, 20, 1000, nil, nil},
		{1<<64 - 1, 1<<64 - 1, 1000, nil, nil},
		{6, 4, 1000, nil, nil},
		{0, 0, 1000, nil, nil},
	} {
		got, err := log.Range(t.Context(), room, c.from, c.to, c.maxBytes)
		must(t, err)
		if !slices.Equal(got, c.want) {
			t.Errorf("Range(%d, %d, %d bytes):\n got %+v\nwant %+v", c.from, c.to, c.maxBytes, got, c.want)
		}
		got, err = log.RangeBack(t.Context(), room, c.from, c.to, c.maxBytes)
		must(t, err)
		want := slices.Clone(c.back)
		slices.Reverse(want)
		if !slices.Equal(got, want) {
			t.Errorf("RangeBack(%d, %d, %d bytes):\n got %+v\nwant %+v", c.from, c.to, c.maxBytes, got, want)
		}
	}
}

func roomsInOrder(t *testing.T, log chat.MessageLog) {
	heads, err := log.Rooms(t.Context(), 10)
	must(t, err)
	if len(heads) != 0 {
		t.Fatalf("Rooms of a new log: got %+v", heads)
	}
	rooms := []string{fresh("room"), fresh("room"), fresh("room#x")}
	say := func(room int, at int64) {
		add(t, log, rooms[room], chat.Entry{Kind: chat.KindMessage, Person: "p", At: at})
	}
	say(0, 10)
	say(1, 20)
	say(2, 30)
	say(0, 40)
	want := []chat.RoomHead{
		{Room: rooms[0], Head: 2, At: 40}, {Room: rooms[2], Head: 1, At: 30}, {Room: rooms[1], Head: 1, At: 20},
	}
	for _, limit := range []int{0, 1, 2, 3, 100} {
		got, err := log.Rooms(t.Context(), limit)
		must(t, err)
		if w := want[:min(limit, 3)]; !slices.Equal(got, w) {
			t.Errorf("Rooms(%d):\n got %+v\nwant %+v", limit, got, w)
		}
	}
}

func add(t testing.TB, log chat.MessageLog, room string, entries ...chat.Entry) []chat.Appended {
	t.Helper()
	appended, err := log.Append(t.Context(), room, entries...)
	must(t, err)
	if len(appended) != len(entries) {
		t.Fatalf("Append of %d entries returned %d", len(entries), len(appended))
	}
	return appended
}

func extentOf(t testing.TB, log chat.MessageLog, room string) chat.Extent {
	t.Helper()
	extent, err := log.Extent(t.Context(), room)
	must(t, err)
	return extent
}

func wantRange(t testing.TB, log chat.MessageLog, room string, from, to uint64, maxBytes int, want []chat.Entry) {
	t.Helper()
	got, err := log.Range(t.Context(), room, from, to, maxBytes)
	must(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("Range(%q, %d, %d):\n got %+v\nwant %+v", room, from, to, got, want)
	}
}
