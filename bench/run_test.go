package bench

import (
	"context"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRooms(t *testing.T) {
	f := newFake(t, false)
	report := mustRun(t, f, Options{Connections: 12, Rooms: 4, Publishers: 4, Outstanding: 2})
	talk := report.Talk
	const underWay = 4 * 2 * 3 // when the time was over: acknowledged, not yet delivered to all
	if report.Faults.Any() || talk.Messages == 0 || talk.Deliveries+underWay < 3*talk.Messages || talk.DeliveriesPerSecond <= 0 {
		t.Errorf("%+v %+v", report.Faults, talk)
	}
	if l := talk.Latency; l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
		t.Errorf("%+v", l)
	}
	if report.Server != "fake 1" || report.Enter.Count != 12 || report.Interrupted {
		t.Errorf("%+v", report)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, r := range f.rooms {
		if len(r.members) != 3 || r.head == 0 {
			t.Errorf("room %s: %d members, %d messages", name, len(r.members), r.head)
		}
	}
	if len(f.rooms) != 4 {
		t.Errorf("%d rooms", len(f.rooms))
	}
}

// TestPaceKeepsTheRate: never more than the clock allows, however busy the machine is.
func TestPaceKeepsTheRate(t *testing.T) {
	const rate = 100
	f, began := newFake(t, false), time.Now()
	mustRun(t, f, Options{Connections: 3, Publishers: 3, Rate: rate})
	most := uint64(time.Since(began).Seconds()*rate) + 1
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rooms {
		if r.head < 3 || r.head > most {
			t.Errorf("%d messages, at most %d were due", r.head, most)
		}
	}
}

// TestPingIsAnswered, also before a connection has said hello: there may be many
// before it.
func TestPingIsAnswered(t *testing.T) {
	f := newFake(t, false)
	f.ping = true
	mustRun(t, f, Options{Connections: 3, Settle: 50 * time.Millisecond})
	f.pings.Wait()
	if n := f.pongs.Load(); n != 3 {
		t.Errorf("%d of 3", n)
	}
}

// TestServerProcess measures this process, which is the server too.
func TestServerProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("CPU time and memory are read on Linux only")
	}
	talking := mustRun(t, newFake(t, false), Options{PID: os.Getpid(), Connections: 5, Publishers: 1})
	idle := mustRun(t, newFake(t, false), Options{PID: os.Getpid(), Connections: 5})
	if cpu := talking.Talk.ServerCPU; cpu == nil || *cpu <= 0 {
		t.Errorf("talking: %+v", talking.Talk)
	}
	if cpu := talking.Connect.ServerCPU; cpu == nil || *cpu <= 0 {
		t.Errorf("connecting: %+v", talking.Connect)
	}
	if i := idle.Idle; i.BaseBytes == nil || *i.BaseBytes < 1<<20 || i.Connected == nil || i.Member == nil || i.CPUPerMill == nil || idle.Talk != nil {
		t.Errorf("idle: %+v", idle)
	}
}

func TestStorm(t *testing.T) {
	report := mustRun(t, newFake(t, false), Options{Storm: true, Connections: 4})
	if report.Storm == nil || report.Storm.Count < 4 || report.Storm.PerSecond <= 0 || report.Connect != nil {
		t.Errorf("%+v", report)
	}
}

func TestInterrupted(t *testing.T) {
	for name, o := range map[string]Options{
		"talking": {Connections: 4, Publishers: 1}, "idle": {Connections: 4}, "storm": {Connections: 4, Storm: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer stop()
			o.URL, o.Duration, o.WarmUp, o.Settle = "ws"+strings.TrimPrefix(newFake(t, false).URL, "http"), time.Hour, time.Millisecond, time.Millisecond
			report, err := Run(ctx, o)
			if err != nil || !report.Interrupted || report.Faults.Any() {
				t.Fatalf("%+v, %v", report, err)
			}
			if o.Publishers > 0 && report.Talk.Deliveries == 0 {
				t.Errorf("%+v", report.Talk)
			}
		})
	}
}

// TestStalled leaves connections unread: the others get everything.
func TestStalled(t *testing.T) {
	report := mustRun(t, newFake(t, false), Options{Connections: 4, Publishers: 1, Rate: 50, Stalled: 2})
	if report.Faults.Any() || report.Faults.StalledEnded != 0 || report.Connect.Count != 4 || report.Enter.Count != 6 {
		t.Errorf("%+v %+v", report.Faults, report.Connect)
	}
}

func TestProgress(t *testing.T) {
	var told atomic.Pointer[Progress]
	o := Options{URL: "ws" + strings.TrimPrefix(newFake(t, false).URL, "http"), Connections: 4, Publishers: 1, Settle: time.Millisecond, Duration: 1500 * time.Millisecond}
	o.Progress = func(p Progress) { told.Store(&p) }
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if p := told.Load(); p == nil || p.Doing != "measuring" || p.Deliveries == 0 || p.PerSecond <= 0 {
		t.Errorf("%+v", p)
	}
}

// TestRefusedHello ends a run before it measures anything.
func TestRefusedHello(t *testing.T) {
	f := newFake(t, false)
	f.refuseHello = true
	for _, stalled := range []int{0, 1} {
		_, err := Run(t.Context(), Options{URL: "ws" + strings.TrimPrefix(f.URL, "http"), Connections: 3, Stalled: stalled, Settle: time.Millisecond})
		if err == nil || !strings.Contains(err.Error(), "the server says name_taken: Somebody else has it.") {
			t.Errorf("%d stalled: %v", stalled, err)
		}
	}
}

func TestNothingToReport(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	noChat := httptest.NewServer(nil)
	defer noChat.Close()
	for name, o := range map[string]Options{
		"nobody answers": {URL: gone.URL}, "it is no chat": {URL: noChat.URL}, "no URL": {},
		"more rooms than connections":      {URL: noChat.URL, Connections: 2, Rooms: 3},
		"more publishers than connections": {URL: noChat.URL, Connections: 2, Publishers: 3},
		"a text that no chat takes":        {URL: noChat.URL, Size: mostText + 1},
		"more files than anybody may open": {URL: noChat.URL, Connections: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			o.URL = strings.Replace(o.URL, "http", "ws", 1)
			for _, o.Storm = range []bool{false, true} {
				if report, err := Run(t.Context(), o); err == nil {
					t.Errorf("storm %v: %+v", o.Storm, report)
				}
			}
		})
	}
}
