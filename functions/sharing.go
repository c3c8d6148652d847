package functions

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"parley/chat"
)

// SharingOptions adjust a Sharing. What has no default is needed.
type SharingOptions struct {
	Poster  chat.Poster
	Members chat.Membership // may be a Ranges
	Invoker Invoker         // nil: nothing is shared

	// From is the number of recipients from which on others help. Default 5,000:
	// at about 1 ms of CPU a post and 256 MB of memory, one invocation takes half of
	// API Gateway's 29 s for some 13,000.
	From int

	// Most is how many others may help. Default 3.
	Most int

	Logger *slog.Logger // default: nothing is logged
}

// Sharing is a chat.Poster that can post to a whole room, and has parts of a
// large one posted by further invocations of OnAction. These share nothing out
// again: each reads and posts its own range of the room's members.
type Sharing struct {
	chat.Poster
	options SharingOptions
}

var _ chat.RoomPoster = (*Sharing)(nil)

// Invoker asks for one more invocation of this function with an event, and
// returns as soon as it was accepted.
type Invoker interface {
	Invoke(ctx context.Context, event []byte) error
}

// Ranges is what a chat.Membership may have besides, so that a range of a room's
// members can be read without the others.
type Ranges interface {
	// InRoomBetween is InRoom for the ids that come after one, up to and including
	// another, in the order of their bytes. An empty id is no bound.
	InRoomBetween(ctx context.Context, room string, to chat.Audience, after, until chat.ConnectionID) iter.Seq2[[]chat.ConnectionID, error]
}

// share is what another invocation is asked to do.
type share struct {
	Room   string            `json:"room"`
	To     chat.Audience     `json:"to"`
	Except chat.ConnectionID `json:"except,omitempty"`
	After  chat.ConnectionID `json:"after,omitempty"`
	Until  chat.ConnectionID `json:"until,omitempty"`
	Frames []string          `json:"frames"`
}

// NewSharing returns a Sharing.
func NewSharing(o SharingOptions) *Sharing {
	if o.From == 0 {
		o.From = 5_000
	}
	if o.Most == 0 {
		o.Most = 3
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Sharing{Poster: o.Poster, options: o}
}

// PostRoom posts frames to all of a room's connections but one, and returns
// those that are gone among the ones this process has posted to. It returns when
// its own share is posted and the others are accepted. A share that nobody
// accepts it posts itself. Where the members cannot be read to their end, those
// that were read still get the frames.
func (s *Sharing) PostRoom(ctx context.Context, room string, to chat.Audience, except chat.ConnectionID, frames [][]byte) (gone []chat.ConnectionID, err error) {
	ids, unread := collect(s.options.Members.InRoom(ctx, room, to), except)
	others := min(s.options.Most, len(ids)/s.options.From)
	if s.options.Invoker == nil || others == 0 || unread != nil {
		gone, err = s.Post(ctx, frames, ids)
		return gone, errors.Join(unread, err)
	}
	ask := share{Room: room, To: to, Except: except}
	for _, f := range frames {
		ask.Frames = append(ask.Frames, string(f))
	}
	slices.Sort(ids)
	each := (len(ids) + others) / (others + 1)
	var mu sync.Mutex // guards gone and err
	post := func(part []chat.ConnectionID) {
		g, e := s.Post(ctx, frames, part)
		mu.Lock()
		defer mu.Unlock()
		gone, err = append(gone, g...), errors.Join(err, e)
	}
	var asking sync.WaitGroup
	own := ids[:each]
	for at := each; at < len(ids); at += each {
		end := min(at+each, len(ids))
		ask.After, ask.Until = ids[at-1], ids[end-1]
		if end == len(ids) {
			ask.Until = "" // whoever has come since is in the last range
		}
		part, ask := ids[at:end], ask
		asking.Go(func() {
			if err := s.invoke(ctx, ask); err != nil {
				s.options.Logger.Warn("a share of a large room was not accepted and is posted here", "room", room, "recipients", len(part), "error", err)
				post(part)
			}
		})
	}
	post(own)
	asking.Wait()
	return gone, err
}

// maxEvent is the largest event that Lambda queues, in bytes, by its oldest limit.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxEvent = 256 << 10

func (s *Sharing) invoke(ctx context.Context, ask share) error {
	payload, err := json.Marshal(struct {
		Share share `json:"parleyShare"`
	}{ask})
	if err != nil {
		return err
	}
	if len(payload) > maxEvent {
		return errors.New("its frames are too large for an event")
	}
	return s.options.Invoker.Invoke(ctx, payload)
}

// take posts a share that another invocation has given away.
func (s *Sharing) take(ctx context.Context, a *share) (gone []chat.ConnectionID, err error) {
	frames := make([][]byte, len(a.Frames))
	for i, f := range a.Frames {
		frames[i] = []byte(f)
	}
	ids, unread := collect(s.inRange(ctx, a), a.Except)
	gone, err = s.Post(ctx, frames, ids)
	return gone, errors.Join(unread, err)
}

// inRange reads the range, or the whole room where the table cannot do better.
func (s *Sharing) inRange(ctx context.Context, a *share) iter.Seq2[[]chat.ConnectionID, error] {
	if r, ok := s.options.Members.(Ranges); ok {
		return r.InRoomBetween(ctx, a.Room, a.To, a.After, a.Until)
	}
	return func(yield func([]chat.ConnectionID, error) bool) {
		for page, err := range s.options.Members.InRoom(ctx, a.Room, a.To) {
			var part []chat.ConnectionID
			for _, id := range page {
				if strings.Compare(id, a.After) > 0 && (a.Until == "" || strings.Compare(id, a.Until) <= 0) {
					part = append(part, id)
				}
			}
			if !yield(part, err) {
				return
			}
		}
	}
}

// collect copies pages, which are valid only until the next, leaving one id out.
// It takes 16 bytes and a header for each: less than 1 MB for 10,000.
func collect(pages iter.Seq2[[]chat.ConnectionID, error], except chat.ConnectionID) (ids []chat.ConnectionID, err error) {
	for page, err := range pages {
		if err != nil {
			return ids, err
		}
		for _, id := range page {
			if id != except {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}
