package client

import "parley/protocol"

// log puts the entries of one room into order, whatever order they came in, and
// knows which are missing. No timers, no connection.
type log struct {
	epoch string
	to    uint64 // everything up to here was handed on
	head  uint64 // the newest entry heard of
	known bool   // false until the first page, or a position to begin at
	held  map[uint64]Entry
}

// mostHeld is how many entries are kept ahead of a gap. Those beyond are asked
// for again.
const mostHeld = 256

// behind tells whether entries are missing at the new end.
func (l *log) behind() bool { return l.known && l.head > l.to }

// hold keeps an entry that came by itself until its turn comes.
func (l *log) hold(e Entry) {
	l.head = max(l.head, e.Seq)
	if l.known && e.Seq <= l.to {
		return // a repeat
	}
	if _, there := l.held[e.Seq]; !there && len(l.held) >= mostHeld {
		farthest := uint64(0)
		for seq := range l.held {
			farthest = max(farthest, seq)
		}
		if e.Seq > farthest {
			return
		}
		delete(l.held, farthest)
	}
	if l.held == nil {
		l.held = map[uint64]Entry{}
	}
	l.held[e.Seq] = e
}

// take hands on what of a page is new. Where the page does not continue what is
// there, a gap goes before it.
func (l *log) take(p *protocol.Page, put func(Entry) bool) {
	another := l.known && p.Epoch != l.epoch
	if another {
		clear(l.held)
	}
	if another || l.known && !p.Complete && (p.From > l.to+1 || p.Head < l.to) {
		if !put(Entry{Kind: KindGap, Room: p.Room, Epoch: p.Epoch, Seq: p.From - 1}) {
			l.head = max(l.to+1, p.Head) // comes again when there is space
			return
		}
		l.to, l.head = p.From-1, p.Head
	}
	if !l.known {
		l.known, l.to = true, p.From-1
	}
	l.epoch = p.Epoch
	l.head = max(l.head, p.Head, p.To)
	if p.From > l.to+1 { // it neither continues nor replaces: it only tells the head
		l.drain(put)
		return
	}
	for _, e := range ofPage(p) {
		if e.Seq <= l.to {
			continue
		}
		l.to = e.Seq - 1 // a sequence that the page leaves out is nothing that one can have
		if !put(e) {
			return
		}
		l.to = e.Seq
	}
	l.to = max(l.to, p.To)
	l.drain(put)
}

// drain hands on what is held and continues what is there.
func (l *log) drain(put func(Entry) bool) {
	for {
		e, there := l.held[l.to+1]
		if !there {
			break
		}
		e.Epoch = l.epoch
		if !put(e) {
			break
		}
		l.to++
	}
	for seq := range l.held {
		if seq <= l.to {
			delete(l.held, seq)
		}
	}
}

// forget drops what is held: it belongs to another connection or epoch.
func (l *log) forget() { clear(l.held) }
