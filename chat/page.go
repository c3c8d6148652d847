package chat

import (
	"context"
	"fmt"
	"slices"

	"parley/planted"
	"parley/protocol"
)

// page is a protocol.Page whose entries are encoded: each once, for its size in
// the page as for the frame.
type page struct {
	protocol.Page     // without them
	messages, changes [][]byte
}

// arrays are the entries, for a frame that has the page in it.
func (p *page) arrays() []protocol.Array {
	return []protocol.Array{{Name: "messages", Elements: p.messages}, {Name: "changes", Elements: p.changes}}
}

func (p *page) entries() int { return len(p.messages) + len(p.changes) }

// since returns what a client at a position has missed: the oldest page of it,
// or the newest page of the room where that position means nothing any more.
func (c *Chat) since(ctx context.Context, pos protocol.Position) (*page, error) {
	if err := c.trimAged(ctx, pos.Room); err != nil {
		return nil, err
	}
	shelf := c.kept.shelf(pos.Room)
	x, err := c.extent(ctx, pos.Room)
	if err != nil {
		return nil, err
	}
	after, complete := newestPage, true
	if pos.After != nil {
		after = *pos.After
		if pos.Epoch != "" && pos.Epoch != x.Epoch || after < x.Floor || after > x.Head || x.Head-after > protocol.MaxResume {
			after, complete = newestPage, false
		}
	}
	if p, ok := c.kept.get(shelf, x, after); ok {
		p.Complete = complete
		return &p, nil
	}
	var p *page
	switch {
	case after == newestPage:
		p, err = c.pageBefore(ctx, pos.Room, x, x.Head+1, protocol.DefaultHistory)
	case planted.Is(planted.ResumeOffByOne):
		p, err = c.pageAfter(ctx, pos.Room, x, after+1, protocol.MaxResume)
	default:
		p, err = c.pageAfter(ctx, pos.Room, x, after, protocol.MaxResume)
	}
	if err != nil {
		return nil, err
	}
	c.kept.put(shelf, x, after, *p)
	p.Complete = complete
	return p, nil
}

func (c *Chat) extent(ctx context.Context, room string) (Extent, error) {
	x, err := c.Log.Extent(ctx, room)
	if err != nil {
		return x, fmt.Errorf("extent of room %q: %w", room, err)
	}
	keep, err := c.retention(ctx, room)
	x.Floor = keep.floor(x)
	return x, err
}

// pageBefore returns the newest entries below a sequence.
func (c *Chat) pageBefore(ctx context.Context, room string, x Extent, before uint64, limit int) (*page, error) {
	to := min(before-1, x.Head)
	p := newPage(room, x)
	p.From, p.To = to+1, to
	if to <= x.Floor {
		return p, nil
	}
	from := x.Floor + 1
	if n := uint64(limit); to-x.Floor > n {
		from = to - n + 1
	}
	entries, err := c.Log.RangeBack(ctx, room, from, to, protocol.PageBytes)
	if err != nil {
		return nil, fmt.Errorf("history of room %q: %w", room, err)
	}
	fill(p, entries)
	slices.Reverse(p.messages)
	slices.Reverse(p.changes)
	p.From = to + 1 - uint64(p.entries())
	p.More = p.From > x.Floor+1
	return p, nil
}

// pageAfter returns the oldest entries above a sequence.
func (c *Chat) pageAfter(ctx context.Context, room string, x Extent, after uint64, limit int) (*page, error) {
	p := newPage(room, x)
	after = max(after, x.Floor)
	p.From, p.To = after+1, after
	if after >= x.Head {
		return p, nil
	}
	to := min(x.Head, after+min(uint64(limit), maxPageEntries))
	entries, err := c.Log.Range(ctx, room, after+1, to, protocol.PageBytes)
	if err != nil {
		return nil, fmt.Errorf("history of room %q: %w", room, err)
	}
	if len(entries) > 0 && entries[0].Seq != after+1 { // trimmed since x was read: whoever asks again is told
		entries = nil
	}
	fill(p, entries)
	p.To = after + uint64(p.entries())
	p.More = p.To < x.Head
	return p, nil
}

// maxPageEntries is about as many as fit into a page: all have at least 80 bytes
// there but deleted messages. More are not read only to be thrown away.
const maxPageEntries = protocol.PageBytes / 80

func newPage(room string, x Extent) *page {
	return &page{Page: protocol.Page{
		Room: room, Epoch: x.Epoch, Floor: x.Floor, Head: x.Head, Complete: true,
		Messages: []protocol.Item{}, Changes: []protocol.Change{},
	}}
}

// fill adds entries to a page until it is full, at least one.
func fill(p *page, entries []Entry) {
	size := 0
	for _, e := range entries {
		item, change := asItem(e), asChange(e)
		into, encoded := &p.messages, []byte(nil)
		if change != nil {
			into, encoded = &p.changes, protocol.Encode(change)
		} else {
			encoded = protocol.Encode(&item)
		}
		size += len(encoded) + 1
		if size > protocol.PageBytes-1<<10 && p.entries() > 0 { // 1 KB for the page around them
			return
		}
		*into = append(*into, encoded)
	}
}

func asItem(e Entry) protocol.Item {
	switch {
	case e.Lost:
		return protocol.Item{Seq: e.Seq, Lost: true}
	case e.Deleted != 0:
		return protocol.Item{Seq: e.Seq, Deleted: true}
	}
	return protocol.Item{Seq: e.Seq, ID: e.ID, From: e.From, Person: e.Person, Text: e.Text, At: e.At, Edited: e.Edited}
}

func asChange(e Entry) *protocol.Change {
	kinds := map[Kind]string{KindEdit: "edit", KindDelete: "delete"}
	if e.Lost || kinds[e.Kind] == "" {
		return nil
	}
	return &protocol.Change{Type: kinds[e.Kind], Seq: e.Seq, Target: e.Target, ID: e.ID, Person: e.Person, Text: e.Text, At: e.At}
}
