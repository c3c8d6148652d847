package memory_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"parley/chat"
	"parley/chat/chattest"
	"parley/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTable(t *testing.T) {
	chattest.ConnectionTable(t, func(testing.TB) chattest.Table { return memory.NewTable() })
}

func TestLog(t *testing.T) {
	chattest.MessageLog(t, func(testing.TB) chat.MessageLog { return memory.NewLog() })
}

func TestPeople(t *testing.T) {
	chattest.People(t, func(testing.TB) chat.People { return memory.NewPeople() })
}

func fill(t testing.TB, table *memory.Table, room string, n int) {
	for i := range n {
		_, err := table.Join(t.Context(), room, chat.Member{Connection: fmt.Sprint("c", i), Person: fmt.Sprint("p", i)})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkInRoom is what a message to a room of 10,000 costs the table.
func BenchmarkInRoom(b *testing.B) {
	table := memory.NewTable()
	fill(b, table, "room", 10_000)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		for page := range table.InRoom(ctx, "room", chat.WithProtocol) {
			if len(page) != 10_000 {
				b.Fatal(len(page))
			}
		}
	}
}

// BenchmarkJoinLeave is one coming and going while nobody speaks; then with a
// message after each, which has a page copied.
func BenchmarkJoinLeave(b *testing.B) {
	for _, messages := range []bool{false, true} {
		for _, n := range []int{10, 10_000} {
			b.Run(fmt.Sprintf("members=%d/messages=%v", n, messages), func(b *testing.B) {
				table := memory.NewTable()
				fill(b, table, "room", n)
				ctx := b.Context()
				b.ReportAllocs()
				for b.Loop() {
					table.Join(ctx, "room", chat.Member{Connection: "new", Person: "new"})
					table.Leave(ctx, "room", "new")
					if messages {
						for range table.InRoom(ctx, "room", chat.Everyone) {
						}
					}
				}
			})
		}
	}
}

// BenchmarkMember is what the table keeps of one more connection that is a
// person in a room.
func BenchmarkMember(b *testing.B) {
	const n = 50_000
	for b.Loop() {
		table := memory.NewTable()
		before := heap()
		for i := range n {
			id, person := fmt.Sprintf("connection-%05d", i), fmt.Sprintf("person-%08d", i)
			table.Put(b.Context(), chat.Connection{ID: id, Person: person, Rooms: []string{"room"}, Stored: true})
			table.Join(b.Context(), "room", chat.Member{Connection: id, Person: person})
		}
		b.ReportMetric(float64(heap()-before)/n, "B/member")
		runtime.KeepAlive(table)
	}
	b.ReportMetric(0, "ns/op")
}

// heap is what is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestRules(t *testing.T) {
	chattest.Rules(t, func(t testing.TB) chat.Rules { return memory.NewRules() })
	full := memory.NewRules()
	for i := range chat.MaxRules {
		if err := full.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := full.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: "7"}); err != nil {
		t.Errorf("in the place of another: %v", err)
	}
	if err := full.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: "x"}); !errors.Is(err, chat.ErrTooManyRules) {
		t.Errorf("one too many: %v", err)
	}
}

func TestEraser(t *testing.T) {
	chattest.Eraser(t, func(t testing.TB) chat.MessageLog { return memory.NewLog() })
	chattest.PeopleEraser(t, memory.NewPeople())
}
