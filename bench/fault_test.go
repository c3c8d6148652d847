package bench

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFaultsAreCountedExactly has a server do one thing wrong at a time. Its
// publisher is the connection 0.
func TestFaultsAreCountedExactly(t *testing.T) {
	var held []byte
	for _, c := range []struct {
		name string
		set  func(*fake)
		want Faults
	}{
		{name: "nothing is wrong", set: func(*fake) {}},
		{
			name: "a delivery is lost, and two in a row",
			set: func(f *fake) {
				f.deliver = func(i int, seq uint64, event []byte) [][]byte {
					if i == 3 && seq == 5 || i == 4 && (seq == 7 || seq == 8) {
						return nil
					}
					return [][]byte{event}
				}
			},
			want: Faults{Lost: 3},
		},
		{
			name: "deliveries come twice",
			set: func(f *fake) {
				f.deliver = func(i int, seq uint64, event []byte) [][]byte {
					if i == 2 && seq <= 4 {
						return [][]byte{event, event}
					}
					return [][]byte{event}
				}
			},
			want: Faults{Doubled: 4},
		},
		{
			name: "one overtakes another",
			set: func(f *fake) {
				f.deliver = func(i int, seq uint64, event []byte) [][]byte {
					switch {
					case i == 5 && seq == 6:
						held = event
						return nil
					case i == 5 && seq == 7:
						return [][]byte{event, held}
					}
					return [][]byte{event}
				}
			},
			want: Faults{OutOfOrder: 1},
		},
		{
			name: "a message is stored twice",
			set:  func(f *fake) { f.repeat = func(seq uint64) bool { return seq == 4 } },
			want: Faults{Repeated: 1},
		},
		{
			name: "a message disappears",
			set:  func(f *fake) { f.swallow = func(seq uint64) bool { return seq == 6 } },
			want: Faults{Unacknowledged: 1},
		},
		{
			name: "a message is refused",
			set:  func(f *fake) { f.refuse = func(seq uint64) bool { return seq == 3 } },
			want: Faults{Refused: 1, First: "the server says too_fast: Slowly."},
		},
		{
			name: "a frame is none",
			set: func(f *fake) {
				f.deliver = func(i int, seq uint64, event []byte) [][]byte {
					if i == 1 && seq == 2 {
						return [][]byte{[]byte("nonsense"), event}
					}
					return [][]byte{event}
				}
			},
			want: Faults{Refused: 1, First: "the server says malformed: what the server itself sent is no JSON object"},
		},
	} {
		for _, transport := range []struct {
			name string
			tls  bool
		}{{"plain", false}, {"TLS", true}} {
			t.Run(c.name+"/"+transport.name, func(t *testing.T) {
				f := newFake(t, transport.tls)
				c.set(f)
				report := mustRun(t, f, Options{Connections: 8, Publishers: 1, Outstanding: 4, Rate: 200})
				if report.Faults != c.want {
					t.Errorf("%+v, want %+v", report.Faults, c.want)
				}
				if report.Faults.Any() != (c.want != Faults{}) {
					t.Error("Any is wrong")
				}
			})
		}
	}
}

// TestLossOfTheLastMessage is told although no later one shows it.
func TestLossOfTheLastMessage(t *testing.T) {
	f := newFake(t, false)
	f.deliver = func(i int, seq uint64, event []byte) [][]byte {
		if i == 1 && seq > 3 {
			return nil
		}
		return [][]byte{event}
	}
	report := mustRun(t, f, Options{Connections: 2, Publishers: 1, Rate: 100})
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rooms {
		if got, want := report.Faults.Lost, r.head-3; got != want || want == 0 {
			t.Errorf("%d lost, want %d", got, want)
		}
	}
}

// TestEndedConnection counts what a connection misses that the server ends.
func TestEndedConnection(t *testing.T) {
	f := newFake(t, false)
	f.deliver = func(i int, seq uint64, event []byte) [][]byte {
		if i == 1 && seq == 3 {
			for _, r := range f.rooms {
				r.members[1].CloseNow()
			}
		}
		return [][]byte{event}
	}
	report := mustRun(t, f, Options{Connections: 3, Publishers: 1, Rate: 100})
	got := report.Faults
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rooms {
		if got.Ended != 1 || got.First == "" || got.Lost != r.head-2 || got.Doubled+got.OutOfOrder+got.Unacknowledged > 0 {
			t.Errorf("%+v of %d messages", got, r.head)
		}
	}
}

// mustRun runs shortly: the faults are counted, not timed.
func mustRun(t *testing.T, f *fake, o Options) *Report {
	t.Helper()
	o.URL = "ws" + strings.TrimPrefix(f.URL, "http")
	o.Loopback, o.Cores = true, 2
	o.Settle, o.WarmUp, o.Duration, o.Patience = time.Millisecond, 10*time.Millisecond, 150*time.Millisecond, 300*time.Millisecond
	o.TLS = f.Client().Transport.(*http.Transport).TLSClientConfig
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
