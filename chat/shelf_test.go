package chat

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"parley/protocol"
)

func (k *kept) weighed() (bytes int) {
	for _, s := range k.shelves {
		sum := shelfBytes
		for _, p := range s.pages {
			sum += shelfBytes
			for _, e := range append(p.messages[:len(p.messages):len(p.messages)], p.changes...) {
				sum += len(e)
			}
		}
		if sum != s.bytes {
			return -1
		}
		bytes += sum
	}
	return bytes
}

// TestShelves: what is kept is bounded and counted right, is told for its own
// extent alone, and not kept where the room's pages were dropped meanwhile.
func TestShelves(t *testing.T) {
	k := kept{limit: 64 << 10}
	of := func(room, text string) page {
		return page{Page: protocol.Page{Room: room}, messages: [][]byte{[]byte(text)}}
	}
	x := Extent{Head: 1}
	for i := range 1000 {
		room := fmt.Sprint("room ", i%40)
		s := k.shelf(room)
		if i%7 == 0 {
			k.drop(room)
		}
		if i%31 == 0 {
			k.dropAll()
		}
		x.Head = uint64(1 + i/100)
		k.put(s, x, uint64(i%3), of(room, string(make([]byte, i))))
		if _, ok := k.get(s, Extent{Head: x.Head + 1}, uint64(i%3)); ok {
			t.Fatal("a page is told for another extent")
		}
		if i%7 == 0 || i%31 == 0 {
			if _, ok := k.get(k.shelf(room), x, uint64(i%3)); ok {
				t.Fatal("a page is kept that was read before the room's were dropped")
			}
		}
		if weighed := k.weighed(); weighed != k.bytes || weighed > k.limit {
			t.Fatalf("after %d: %d bytes are kept, %d counted, %d allowed", i, weighed, k.bytes, k.limit)
		}
	}
	if k.bytes == 0 {
		t.Error("nothing is kept")
	}
}

// TestDropped: what is added to a log, and what is trimmed, is in no page that
// nobody would be told any more.
func TestDropped(t *testing.T) {
	for what, do := range map[string]func(*Chat) error{
		"append": func(c *Chat) error {
			return c.deliver(t.Context(), "room", &delivery{entries: []Entry{{Kind: KindDelete}}})
		},
		"trim": func(c *Chat) error { return c.trim(t.Context(), "room") },
	} {
		c := New(Ports{Log: &brokenLog{extent: Extent{Head: 9}}}, Options{PageBytes: 1 << 20})
		book := rulebook{rules: map[ruleKey]Rule{{RuleRetention, "", ""}: {Text: "1"}}}
		c.Rules = noRules{}
		c.books.newest.Store(&book)
		c.kept.put(c.kept.shelf("room"), Extent{}, newestPage, page{Page: protocol.Page{Room: "room"}})
		if err := do(c); err == nil {
			t.Errorf("%s: no error", what) // it may have been done all the same
		}
		if n := len(c.kept.shelves); n != 0 || c.kept.bytes != 0 {
			t.Errorf("%s: %d rooms' pages are kept", what, n)
		}
		c.Close()
	}
}

var errBroken = errors.New("broken")

// brokenLog fails to change anything.
type brokenLog struct {
	MessageLog
	extent Extent
}

func (l *brokenLog) Extent(context.Context, string) (Extent, error) { return l.extent, nil }

func (l *brokenLog) Append(context.Context, string, ...Entry) ([]Appended, error) {
	return nil, errBroken
}

func (l *brokenLog) Trim(context.Context, string, uint64) error { return errBroken }

// noRules are read already.
type noRules struct{ Rules }
