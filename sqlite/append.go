package sqlite

import (
	"context"
	"fmt"

	"parley/chat"
	"parley/planted"
)

// Append adds the entries and returns when they are durable; see
// chat.MessageLog. Calls that come at the same time share one commit. Repeats
// are known for as long as the first entry is kept. An entry made before the
// room's newest gets that one's At.
func (s *Store) Append(ctx context.Context, room string, entries ...chat.Entry) ([]chat.Appended, error) {
	if len(entries) == 0 {
		return nil, ctx.Err()
	}
	bytes := 0
	for _, e := range entries {
		bytes += len(e.Text)
	}
	var appended []chat.Appended
	err := s.writer.submit(ctx, bytes, func(b *batch) (err error) {
		appended, err = b.append(room, entries)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("append to room %q: %w", room, err)
	}
	return appended, nil
}

func (b *batch) append(room string, entries []chat.Entry) ([]chat.Appended, error) {
	h, err := b.head(room)
	if err != nil {
		return nil, err
	}
	appended := make([]chat.Appended, len(entries))
	before := h.head
	for i, e := range entries {
		e.Edited, e.Deleted, e.Lost = 0, 0, false
		var target chat.Entry
		if e.Kind != chat.KindMessage {
			var instead *chat.Appended
			if target, instead, err = b.mayChange(h.id, room, e); err != nil {
				return nil, err
			}
			if instead != nil {
				appended[i] = *instead
				continue
			}
		}
		if h.id == 0 {
			if h, err = b.addRoom(room); err != nil {
				return nil, err
			}
		}
		e.Seq = h.head + 1
		if e.Seq > 1 {
			e.At = max(e.At, h.at)
		}
		if planted.Is(planted.ClockTrusted) {
			e.At = entries[i].At
		}
		if planted.Is(planted.NoDedupe) {
			e.Person += fmt.Sprint(" ", e.Seq) // so nobody says anything twice
		}
		added, err := b.addEntry(h.id, room, &e)
		if err != nil {
			return nil, err
		}
		if !added {
			first, scratch, err := scanEntry(b.st.findEntry.QueryRowContext(b.ctx, h.id, e.Person, e.ID).Scan, room, b.scratch)
			if err != nil {
				return nil, fmt.Errorf("find the first entry with id %q: %w", e.ID, err)
			}
			b.scratch = scratch
			appended[i] = chat.Appended{Entry: first, Repeat: true}
			continue
		}
		if e.Kind != chat.KindMessage {
			if err := b.change(h.id, room, target, e); err != nil {
				return nil, err
			}
		}
		appended[i] = chat.Appended{Entry: e}
		h.head, h.at = e.Seq, e.At
	}
	if h.head != before {
		b.heads[room] = h
	}
	return appended, nil
}

// addEntry reports whether the entry was added, or was there already. A
// sequence that is taken is an error: the head in the file was damaged.
func (b *batch) addEntry(id int64, room string, e *chat.Entry) (bool, error) {
	sum, scratch := checksum(b.scratch, room, e)
	b.scratch = scratch
	result, err := b.st.addEntry.ExecContext(b.ctx, id, int64(e.Seq), int64(e.Kind), e.At, e.Person, e.From, e.ID, e.Text, int64(e.Target), int64(sum)+fixed)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}
