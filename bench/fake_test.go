package bench

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"parley/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a chat that does wrong as a test tells it to.
type fake struct {
	testing.TB
	*httptest.Server

	// deliver is what connection i gets instead of the message seq; nil: just that.
	deliver     func(i int, seq uint64, event []byte) [][]byte
	refuseHello bool
	ping        bool // each connection, as soon as it is there
	pings       sync.WaitGroup
	pongs       atomic.Int64
	refuse      func(seq uint64) bool // the message that would get this sequence
	repeat      func(seq uint64) bool // it gets another one as well
	swallow     func(seq uint64) bool // nothing comes of it

	mu    sync.Mutex
	rooms map[string]*fakeRoom
}

type fakeRoom struct {
	head    uint64
	members map[int]*websocket.Conn // by the number at the end of the name
}

func newFake(t testing.TB, tls bool) *fake {
	f := &fake{TB: t, rooms: map[string]*fakeRoom{}}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	if tls {
		f.StartTLS()
	} else {
		f.Start()
	}
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	if f.ping {
		f.pings.Go(func() {
			if c.Ping(r.Context()) == nil {
				f.pongs.Add(1)
			}
		})
	}
	for {
		_, frame, err := c.Read(r.Context())
		if err != nil {
			return
		}
		var action struct {
			Type, Name, Room, ID, Text string
			Rooms                      []struct{ Room string }
		}
		if err := json.Unmarshal(frame, &action); err != nil {
			f.Errorf("%s: %v", frame, err)
			return
		}
		f.mu.Lock()
		switch action.Type {
		case "hello":
			if f.refuseHello {
				f.write(c, protocol.Encode(protocol.Errorf(protocol.NameTaken, "Somebody else has it.")))
				break
			}
			number, err := strconv.Atoi(action.Name[strings.LastIndex(action.Name, " ")+1:])
			if err != nil {
				f.Errorf("%s: %v", frame, err)
			}
			f.room(action.Rooms[0].Room).members[number] = c
			f.write(c, []byte(`{"type":"welcome","server":"fake 1"}`))
			f.write(c, []byte(`{"type":"joined","head":0,"messages":[]}`))
			f.write(c, []byte(`{"type":"presence","count":1}`))
		case "message":
			f.say(c, action.Room, action.ID, action.Text)
		}
		f.mu.Unlock()
	}
}

func (f *fake) room(name string) *fakeRoom {
	if f.rooms[name] == nil {
		f.rooms[name] = &fakeRoom{members: map[int]*websocket.Conn{}}
	}
	return f.rooms[name]
}

func (f *fake) say(from *websocket.Conn, name, id, text string) {
	r := f.room(name)
	next := r.head + 1
	switch {
	case f.refuse != nil && f.refuse(next):
		f.refuse = nil
		f.write(from, protocol.Encode(protocol.Errorf(protocol.TooFast, "Slowly.").WithID(id)))
		return
	case f.swallow != nil && f.swallow(next):
		f.swallow = nil
		return
	}
	times := 1
	if f.repeat != nil && f.repeat(next) {
		times = 2
	}
	for range times {
		r.head++
		event := protocol.Encode(protocol.Said{Type: "message", Room: name, Seq: r.head, ID: id, Text: text})
		for i, c := range r.members {
			events := [][]byte{event}
			if f.deliver != nil {
				events = f.deliver(i, r.head, event)
			}
			for _, e := range events {
				f.write(c, e)
			}
		}
	}
}

// write is best effort: who is gone is gone.
func (f *fake) write(c *websocket.Conn, event []byte) {
	c.Write(context.Background(), websocket.MessageText, event)
}
