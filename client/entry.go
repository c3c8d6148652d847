package client

import (
	"time"

	"parley/protocol"
)

// Kind is what an Entry is.
type Kind int

const (
	// KindMessage is a message: as it is now, which may be edited or deleted, where
	// it comes from history.
	KindMessage Kind = iota + 1

	// KindEdit gives the message Target the Text. Without one a newer change has
	// replaced it, and it changes nothing.
	KindEdit

	// KindDelete takes the text of the message Target away.
	KindDelete

	// KindGap is no entry of the log but says that some are missing: what follows
	// begins above Seq, in the log called Epoch. Where that is another one than
	// before, sequences mean something else, and what one has is of no use.
	KindGap
)

func (k Kind) String() string {
	switch k {
	case KindMessage:
		return "message"
	case KindEdit:
		return "edit"
	case KindDelete:
		return "delete"
	case KindGap:
		return "gap"
	}
	return "unknown"
}

// Entry is one entry of a room's log.
type Entry struct {
	Kind   Kind
	Room   string
	Epoch  string // the log's incarnation
	Seq    uint64 // 1, 2, 3 … without holes
	Target uint64 // of an edit or a delete: the message's sequence

	ID     string // its sender's id of it; may be empty
	Person string // who said it, or changed it
	From   string // of a message: that person's name then
	Text   string // empty where deleted or lost
	At     time.Time

	Edited  uint64 // of a message: the edit that gave it this Text, which comes later in the log
	Deleted bool   // of a message: so is what deleted it
	Lost    bool   // damaged where the server stored it: only Seq is known

	// Live says that it was told as it happened, not read from history.
	Live bool
}

// size is what it takes in a queue, about.
func (e *Entry) size() int { return 256 + len(e.Text) }

func millis(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at)
}

// ofSaid is a message as it was told. The epoch is the room's to add.
func ofSaid(m *protocol.Said) Entry {
	return Entry{
		Kind: KindMessage, Room: m.Room, Seq: m.Seq, ID: m.ID, Person: m.Person, From: m.From, Text: m.Text,
		At: millis(m.At), Edited: m.Edited, Deleted: m.Deleted, Live: true,
	}
}

func ofEdited(e *protocol.Edited) Entry {
	return Entry{
		Kind: KindEdit, Room: e.Room, Seq: e.Seq, Target: e.Target, ID: e.ID, Person: e.Person, Text: e.Text,
		At: millis(e.At), Live: true,
	}
}

func ofDeleted(d *protocol.Deleted) Entry {
	return Entry{
		Kind: KindDelete, Room: d.Room, Seq: d.Seq, Target: d.Target, ID: d.ID, Person: d.Person, At: millis(d.At), Live: true,
	}
}

// ofPage is what a page holds, in order of sequence, of each sequence one. What
// does not belong into it is left out.
func ofPage(p *protocol.Page) []Entry {
	all := make([]Entry, 0, len(p.Messages)+len(p.Changes))
	i, j := 0, 0
	for last := p.From - 1; i < len(p.Messages) || j < len(p.Changes); {
		var e Entry
		if j == len(p.Changes) || i < len(p.Messages) && p.Messages[i].Seq <= p.Changes[j].Seq {
			m := &p.Messages[i]
			e = Entry{
				Kind: KindMessage, Room: p.Room, Epoch: p.Epoch, Seq: m.Seq, ID: m.ID, Person: m.Person, From: m.From,
				Text: m.Text, At: millis(m.At), Edited: m.Edited, Deleted: m.Deleted, Lost: m.Lost,
			}
			i++
		} else {
			e = ofChange(&p.Changes[j], p.Room)
			e.Epoch = p.Epoch
			j++
		}
		if e.Seq > last && e.Seq <= p.To {
			all = append(all, e)
			last = e.Seq
		}
	}
	return all
}

func ofChange(c *protocol.Change, room string) Entry {
	e := Entry{Kind: KindEdit, Room: room, Seq: c.Seq, Target: c.Target, ID: c.ID, Person: c.Person, Text: c.Text, At: millis(c.At)}
	if c.Type == "delete" {
		e.Kind = KindDelete
	}
	return e
}
