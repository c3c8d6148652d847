package chattest

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"parley/chat"
)

// modelLog is a room's log as one would draw it on paper.
type modelLog []chat.Entry

func (m *modelLog) append(e chat.Entry) chat.Appended {
	for _, old := range *m {
		if e.ID != "" && old.ID == e.ID && old.Person == e.Person {
			return chat.Appended{Entry: old, Repeat: true}
		}
	}
	if e.Kind != chat.KindMessage {
		var target chat.Entry
		if e.Target > 0 && e.Target <= uint64(len(*m)) {
			target = (*m)[e.Target-1]
		}
		switch { // spelled out once more: a mistake in chat.CheckChange is one as well
		case target.Kind != chat.KindMessage:
			return chat.Appended{Refused: chat.ErrNoMessage}
		case target.Person != e.Person:
			return chat.Appended{Refused: chat.ErrNotTheirs}
		case target.Deleted != 0 && e.Kind == chat.KindEdit:
			return chat.Appended{Refused: chat.ErrNoMessage}
		case target.Deleted != 0:
			return chat.Appended{Entry: (*m)[target.Deleted-1], Repeat: true}
		}
	}
	e.Seq = uint64(len(*m)) + 1
	if len(*m) > 0 {
		e.At = max(e.At, (*m)[len(*m)-1].At)
	}
	*m = append(*m, e)
	if e.Kind != chat.KindMessage {
		for i := range *m { // all that ever said something of this message
			if old := &(*m)[i]; old.Kind == chat.KindEdit && old.Target == e.Target && old.Seq != e.Seq {
				old.Text = ""
			}
		}
		target := &(*m)[e.Target-1]
		if target.Text, target.Edited = e.Text, e.Seq; e.Kind == chat.KindDelete {
			target.Text, target.Edited, target.Deleted = "", 0, e.Seq
		}
	}
	return chat.Appended{Entry: e}
}

// in returns the entries of a range in the given order, as many as fit.
func (m modelLog) in(from, to uint64, maxBytes int, back bool) (found []chat.Entry) {
	all := slices.Clone(m)
	if back {
		slices.Reverse(all)
	}
	total := 0
	for _, e := range all {
		if e.Seq < from || e.Seq > to {
			continue
		}
		if total += len(e.Text); total > maxBytes && len(found) > 0 {
			break
		}
		found = append(found, e)
	}
	return found
}

// likeTheModel does to a log and to the model what rapid thinks of, and wants
// the same answers. Small alphabets make ids and rooms meet again and again.
func likeTheModel(t *testing.T, log chat.MessageLog) {
	rapid.Check(t, func(t *rapid.T) {
		rooms := []string{fresh("model"), fresh("model#")}
		models := make([]modelLog, len(rooms))
		entry := rapid.Custom(func(t *rapid.T) chat.Entry {
			e := chat.Entry{
				Kind:   chat.Kind(rapid.IntRange(1, 3).Draw(t, "kind")),
				At:     rapid.Int64Range(0, 1000).Draw(t, "at"),
				Person: rapid.SampledFrom([]string{"p", "q", "p#"}).Draw(t, "person"),
				From:   rapid.SampledFrom(hostile).Draw(t, "from"),
				ID:     rapid.SampledFrom([]string{"", "1", "2", "#1", "1#"}).Draw(t, "id"),
				Text:   rapid.String().Draw(t, "text"),
				Target: rapid.Uint64Range(0, 5).Draw(t, "target"),
			}
			if e.Kind == chat.KindDelete {
				e.Text = ""
			}
			return e
		})
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			i := rapid.IntRange(0, len(rooms)-1).Draw(t, "room")
			if rapid.Bool().Draw(t, "append") {
				entries := rapid.SliceOfN(entry, 1, 6).Draw(t, "entries")
				got, err := log.Append(t.Context(), rooms[i], entries...)
				if err != nil {
					t.Fatalf("Append: %v", err)
				}
				for n, e := range entries {
					want := models[i].append(e)
					if want.Refused != nil && errors.Is(got[n].Refused, want.Refused) {
						continue
					}
					if got[n] != want {
						t.Fatalf("Append, entry %d:\n got %+v\nwant %+v", n, got[n], want)
					}
				}
				continue
			}
			from, to := rapid.Uint64Range(0, 12).Draw(t, "from"), rapid.Uint64Range(0, 12).Draw(t, "to")
			maxBytes, back := rapid.IntRange(0, 60).Draw(t, "maxBytes"), rapid.Bool().Draw(t, "back")
			read := log.Range
			if back {
				read = log.RangeBack
			}
			got, err := read(t.Context(), rooms[i], from, to, maxBytes)
			if want := models[i].in(from, to, maxBytes, back); err != nil || !slices.Equal(got, want) {
				t.Fatalf("Range(%d, %d, %d), back %v: %v\n got %+v\nwant %+v", from, to, maxBytes, back, err, got, want)
			}
			if extent, err := log.Extent(t.Context(), rooms[i]); err != nil || extent.Head != uint64(len(models[i])) {
				t.Fatalf("Extent: got %+v, %v, want head %d", extent, err, len(models[i]))
			}
		}
	})
}
