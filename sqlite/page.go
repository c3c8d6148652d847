package sqlite

import "parley/chat"

// page puts together what a range returns: each sequence once, in order and
// without holes, whatever the rows of a damaged file claim.
type page struct {
	from, to uint64 // not yet added
	back     bool
	maxBytes int

	entries []chat.Entry
	bytes   int
	full    bool
}

// add takes the next row's entry. What was skipped on the way to it is lost;
// a sequence out of order cannot be believed, and its place is lost as well.
func (p *page) add(e chat.Entry) {
	if e.Seq < p.from || e.Seq > p.to {
		return
	}
	for !p.full && p.next() != e.Seq {
		p.put(chat.Entry{Seq: p.next(), Lost: true})
	}
	if !p.full {
		p.put(e)
	}
}

// finish adds what should have followed and did not.
func (p *page) finish() {
	for !p.full && p.from <= p.to {
		p.put(chat.Entry{Seq: p.next(), Lost: true})
	}
}

func (p *page) next() uint64 {
	if p.back {
		return p.to
	}
	return p.from
}

func (p *page) put(e chat.Entry) {
	if p.bytes += len(e.Text); p.bytes > p.maxBytes && len(p.entries) > 0 {
		p.full = true
		return
	}
	p.entries = append(p.entries, e)
	if p.back {
		p.to--
	} else {
		p.from++
	}
}
