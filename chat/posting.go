package chat

import (
	"context"
	"slices"

	"parley/planted"
	"parley/protocol"
)

// posting tells a room what was appended to its log: frames that follow each
// other to one audience go in one post.
type posting struct {
	chat    *Chat
	room    string
	to      Audience // of frames
	frames  [][]byte
	senders []*delivery // whose entries are in frames
	gone    []ConnectionID
}

// tell gathers the event of an entry. What has been told before is told to its
// sender alone, or to the whole room where the first attempt may have died
// before it did so. Plain connections are told messages, and of changes their own.
func (p *posting) tell(ctx context.Context, d *delivery, asked Entry, a Appended) {
	e := a.Entry
	if a.Lost { // damaged in the store since; what is sent again is what it was
		asked.Seq, e = a.Seq, asked
	}
	event, to := told(p.room, e)
	frame := protocol.Encode(event)
	if !a.Repeat || p.chat.options.RepeatsToRoom {
		if p.to != to || len(p.frames) == 0 {
			p.post(ctx)
			p.to = to
		}
		p.frames = append(p.frames, frame)
		if n := len(p.senders); n == 0 || p.senders[n-1] != d {
			p.senders = append(p.senders, d)
		}
		if e.ID == asked.ID && (to == Everyone || !d.plain) {
			return
		}
	}
	// The answer carries the id of the action, also where another one's entry is it.
	e.ID = asked.ID
	event, _ = told(p.room, e)
	p.post(ctx)
	if d.from == "" { // no connection asked for it
		return
	}
	if err := p.chat.post(ctx, d.from, protocol.Encode(event)); err != nil {
		d.err = &fanOutError{err}
	}
}

// post posts what was gathered.
func (p *posting) post(ctx context.Context) {
	if len(p.frames) == 0 {
		return
	}
	if planted.Is(planted.Reorder) {
		slices.Reverse(p.frames)
	}
	absent, err := p.chat.fanOut(ctx, p.room, p.to, "", p.frames)
	p.gone = append(p.gone, absent...)
	if err != nil {
		for _, d := range p.senders {
			d.err = &fanOutError{err}
		}
	}
	p.frames, p.senders = nil, nil
}
