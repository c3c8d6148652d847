package chat_test

import (
	"context"
	"fmt"
	"testing"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
)

// BenchmarkMessage is one message into a room of ten, from the frame that came
// to the one post of the frame that goes out; rooms=1000 goes round a thousand
// of such rooms. What the store, the socket and waking others cost is not in it.
func BenchmarkMessage(b *testing.B) {
	for _, rooms := range []int{1, 1000} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) {
			table := memory.NewTable()
			c := chat.New(chat.Ports{Connections: table, Members: table, Log: memory.NewLog(), People: memory.NewPeople(), Rules: memory.NewRules(), Poster: nowhere{}}, chat.Options{PageBytes: 4 << 20})
			b.Cleanup(c.Close)
			for i := range 10 * rooms {
				id := fmt.Sprintf("%d in %d", i/rooms, i%rooms)
				if _, err := c.OnConnect(b.Context(), id, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}}); err != nil {
					b.Fatal(err)
				}
				hello := fmt.Appendf(nil, `{"type":"hello","name":"Person %d","rooms":[{"room":"room-%d"}]}`, i, i%rooms)
				if err := c.OnAction(b.Context(), id, hello); err != nil {
					b.Fatal(err)
				}
			}
			frames, speakers := make([][]byte, b.N), make([]string, rooms)
			for i := range frames {
				frames[i] = fmt.Appendf(nil, `{"type":"message","id":"m%d","room":"room-%d","text":"A message as people write them: a sentence, and sometimes two."}`, i, i%rooms)
			}
			for i := range speakers {
				speakers[i] = fmt.Sprintf("0 in %d", i)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i, frame := range frames {
				if err := c.OnAction(context.Background(), speakers[i%rooms], frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
