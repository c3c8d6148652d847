package chat_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
	"parley/sqlite"
)

// nowhere is a Poster that reaches everybody and keeps nothing.
type nowhere struct{}

func (nowhere) Post(context.Context, [][]byte, []string) ([]string, error) { return nil, nil }
func (nowhere) Close(context.Context, int, string, ...string) error        { return nil }

// BenchmarkHello is somebody new coming into a room, who is told a page of what
// was said there and who is there. In a larger room it is to cost no more.
func BenchmarkHello(b *testing.B) {
	for _, there := range []int{1, 100, 5000} {
		b.Run(fmt.Sprintf("room=%d", there), func(b *testing.B) {
			store, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir(), Durability: sqlite.Normal})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { store.Close() })
			table := memory.NewTable()
			c := chat.New(chat.Ports{Connections: table, Members: table, Log: store, People: store, Poster: nowhere{}}, chat.Options{PageBytes: 4 << 20})
			b.Cleanup(c.Close)
			come := func(id, hello string) {
				if _, err := c.OnConnect(b.Context(), id, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}}); err != nil {
					b.Fatal(err)
				}
				if err := c.OnAction(b.Context(), id, []byte(hello)); err != nil {
					b.Fatal(err)
				}
			}
			for i := range there {
				come(fmt.Sprint("there-", i), fmt.Sprintf(`{"type":"hello","name":"Person %d","rooms":[{"room":"general"}]}`, i))
			}
			for i := range 200 {
				frame := fmt.Sprintf(`{"type":"message","room":"general","id":"m%d","text":"A message as people write them: a sentence, and sometimes two."}`, i)
				if err := c.OnAction(b.Context(), "there-0", []byte(frame)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				id := fmt.Sprint("new-", i)
				i++
				come(id, `{"type":"hello","rooms":[{"room":"general"}]}`)
				b.StopTimer()
				if err := c.OnDisconnect(b.Context(), id); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkResume is 10,000 who come back one after the other, each by a session
// of its own, to a room in which 50 messages were said meanwhile: after a restart,
// say. Once with pages that are read for each, once with pages that are kept.
func BenchmarkResume(b *testing.B) {
	const people = 10_000
	for _, kept := range []int{0, 4 << 20} {
		b.Run(fmt.Sprintf("kept=%d", kept), func(b *testing.B) {
			store, err := sqlite.Open(b.Context(), sqlite.Options{Dir: b.TempDir(), Durability: sqlite.Normal})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { store.Close() })
			now := time.Now().UnixMilli()
			hello := make([][]byte, people)
			for i := range hello {
				session, name := fmt.Sprintf("session-of-%012d", i), fmt.Sprint("Person ", i)
				p := chat.Person{ID: fmt.Sprintf("person%010d", i), Name: name, Skeleton: chat.Skeleton(name), Session: sha256.Sum256([]byte(session)), Created: now, Seen: now}
				if err := store.PutPerson(b.Context(), p); err != nil {
					b.Fatal(err)
				}
				hello[i] = fmt.Appendf(nil, `{"type":"hello","session":%q,"rooms":[{"room":"general","after":150}]}`, session)
			}
			for i := range 200 {
				_, err := store.Append(b.Context(), "general", chat.Entry{Kind: chat.KindMessage, At: now, Person: "person0000000001", From: "Person 1", ID: fmt.Sprint(i), Text: "A message as people write them: a sentence, and sometimes two."})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				table := memory.NewTable()
				c := chat.New(chat.Ports{Connections: table, Members: table, Log: store, People: store, Poster: nowhere{}}, chat.Options{PageBytes: kept})
				for i := range people {
					if _, err := c.OnConnect(b.Context(), fmt.Sprint("c", i), chat.Handshake{Subprotocols: []string{protocol.Subprotocol}}); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				for i, frame := range hello {
					if err := c.OnAction(b.Context(), fmt.Sprint("c", i), frame); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				c.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*people), "µs/hello")
		})
	}
}
