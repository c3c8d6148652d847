package protocol_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"parley/protocol"
)

// TestFill: a frame that was filled is the one that was encoded whole, whatever
// the strings in it look like.
func TestFill(t *testing.T) {
	room := `"messages":[],"changes":[] \"messages\":[]`
	for messages := range 3 {
		for people := range 3 {
			joined := protocol.Joined{Page: protocol.Page{Type: "joined", Room: room, ID: `"people":[]`, Messages: []protocol.Item{}, Changes: []protocol.Change{}}, People: []protocol.Person{}}
			empty := protocol.Encode(&joined)
			m, p := protocol.Array{Name: "messages"}, protocol.Array{Name: "people"}
			for i := range messages {
				item := protocol.Item{Seq: uint64(i), Text: `"people":[], "changes":[]`, From: `\","changes":[]`}
				joined.Messages = append(joined.Messages, item)
				m.Elements = append(m.Elements, protocol.Encode(&item))
			}
			for range people {
				person := protocol.Person{ID: "p", Name: `"people":[]`}
				joined.People = append(joined.People, person)
				p.Elements = append(p.Elements, protocol.Encode(&person))
			}
			got := protocol.Fill(empty, m, protocol.Array{Name: "changes"}, p)
			want := protocol.Encode(&joined)
			if len(got) != len(empty)+m.Bytes()+p.Bytes() {
				t.Errorf("got %d bytes, want %d and %d and %d", len(got), len(empty), m.Bytes(), p.Bytes())
			}
			var g, w any
			if json.Unmarshal(got, &g) != nil || json.Unmarshal(want, &w) != nil || !reflect.DeepEqual(g, w) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}
