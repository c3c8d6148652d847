package deploy_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley/chat"
	"parley/deploy"
	"parley/dynamo"
	"parley/e2e"
	"parley/protocol"
)

// prices are those of the model, by the names of a bill's items.
func prices() map[string]float64 {
	all := map[string]float64{}
	for _, i := range deploy.Estimate(deploy.Usage{}).Items {
		all[i.Name] = i.Price
	}
	return all
}

// dollars is what a million of a step cost, in a function of so many GB. A frame
// came in for it, or none.
func dollars(s deploy.Step, memory, in float64) float64 {
	p := prices()
	return (s.Frames+in)*p["API Gateway, frames in and out"] + p["Lambda, invocations"] + 1e6*s.Seconds()*memory*p["Lambda, time"] +
		s.Reads*p["DynamoDB, reads"] + s.Writes*p["DynamoDB, writes"]
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCounts prints what each thing that somebody does takes in AWS: calls,
// units and frames as counted, and what a million of them cost by the model's
// prices. CPU time is this process's, in place of the function's: the domain, the
// client of DynamoDB, no posts. Each step is one of a warm function that has
// rested, so it reads the rules, but for those of a burst after the first.
//
//	go test -run '^$' -bench Counts -benchtime 1x -v ./deploy
func BenchmarkCounts(b *testing.B) {
	for range b.N {
		b.Log("                                 calls  reads writes frames  bytes  ms CPU  $ a million")
		for _, members := range []int{2, 10, 100, 1000} {
			counts(b, members)
		}
	}
	b.ReportMetric(0, "ns/op")
}

func counts(b *testing.B, members int) {
	client := dynamo.NewClient(dynamo.ClientOptions{Region: "us-east-1", Endpoint: e2e.DynamoDB(b), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	})})
	table := "counts-" + rand.Text()
	if err := dynamo.CreateTable(b.Context(), client, table); err != nil {
		b.Fatal(err)
	}
	m, h := &meter{Client: client}, &heard{last: map[string]map[string]any{}}
	later := time.Duration(0)
	step := func(name string, memory float64, frames int, do func(context.Context, *chat.Chat) error) {
		b.Helper()
		s := dynamo.New(m, dynamo.Options{Table: table})
		if _, err := s.Extent(b.Context(), "another"); err != nil { // reads the epoch
			b.Fatal(err)
		}
		*m, h.frames, h.bytes = meter{Client: client}, 0, 0
		c := asFunctions(s, h, func() time.Time { return time.Now().Add(later) })
		defer c.Close()
		before := cpuTime()
		if err := do(b.Context(), c); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		if name == "" {
			return
		}
		cpu := cpuTime() - before
		n := float64(max(frames, 1))
		one := deploy.Step{Reads: m.reads / n, Writes: m.writes / n, Calls: float64(m.calls) / n, Frames: float64(h.frames) / n, Bytes: float64(h.bytes) / n}
		b.Logf("%4d, %-26s %6.1f %6.1f %6.1f %6.0f %6.0f %7.1f %10.2f", members, name, one.Calls, one.Reads, one.Writes, one.Frames, one.Bytes,
			cpu.Seconds()*1e3/n, dollars(one, memory, min(float64(frames), 1)))
	}
	act := func(id string, actions ...map[string]any) func(context.Context, *chat.Chat) error {
		return func(ctx context.Context, c *chat.Chat) error {
			for _, a := range actions {
				later += time.Second // so that no rate is exceeded
				frame, err := json.Marshal(a)
				if err == nil {
					err = c.OnAction(ctx, id, frame)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	connect := func(id string) func(context.Context, *chat.Chat) error {
		return func(ctx context.Context, c *chat.Chat) error {
			_, err := c.OnConnect(ctx, id, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}, Address: "192.0.2.1"})
			return err
		}
	}
	disconnect := func(id string) func(context.Context, *chat.Chat) error {
		return func(ctx context.Context, c *chat.Chat) error { return c.OnDisconnect(ctx, id) }
	}
	fillRoom(b, dynamo.New(client, dynamo.Options{Table: table}), members-1)
	rooms := []any{map[string]any{"room": "room"}}
	text := strings.Repeat("It is a text. ", 8)
	say := func(id string) map[string]any {
		return map[string]any{"type": "message", "room": "room", "id": id, "text": text}
	}
	const open, small, large = 0, 0.25, 1 // frames in; GB of functions
	step("", large, 1, connect("before"))
	step("", large, 1, act("before", map[string]any{"type": "hello", "name": "Bob", "rooms": rooms}))
	step("", large, 1, func(ctx context.Context, c *chat.Chat) error {
		for i := range 60 { // what the newest page has
			_, err := dynamo.New(client, dynamo.Options{Table: table}).Append(ctx, "room", chat.Entry{Kind: chat.KindMessage, At: 1, Person: "p", From: "Guest", ID: fmt.Sprint(i), Text: text})
			if err != nil {
				return err
			}
		}
		return nil
	})
	step("", small, open, disconnect("before"))

	step("connect", small, open, connect("new"))
	step("hello, somebody new", large, 1, act("new", map[string]any{"type": "hello", "name": "Ann", "rooms": rooms}))
	session := h.last["welcome"]["session"]
	step("first message", large, 1, act("new", say("1")))
	step("disconnect", small, open, disconnect("new"))
	step("", small, open, connect("again"))
	step("hello, somebody known", large, 1, act("again", map[string]any{"type": "hello", "session": session, "rooms": rooms}))
	epoch := h.last["joined"]["epoch"]
	step("join another room", large, 1, act("again", map[string]any{"type": "join", "room": "empty"}))
	step("message", large, 1, act("again", say("2")))
	var burst []map[string]any
	for i := range 20 {
		burst = append(burst, say(fmt.Sprint("burst", i)))
	}
	step("message, each of 20 in 20 s", large, 20, act("again", burst...))
	step("history, a page", large, 1, act("again", map[string]any{"type": "history", "room": "room", "before": 60}))
	step("ping", large, 1, act("again", map[string]any{"type": "ping", "rooms": []any{map[string]any{"room": "room", "epoch": epoch, "after": 60}}}))
	step("", small, open, disconnect("again"))
	step("", small, open, connect("back"))
	step("resume, 20 behind", large, 1, act("back", map[string]any{"type": "hello", "session": session, "rooms": []any{map[string]any{"room": "room", "epoch": epoch, "after": 62}}}))
	step("", small, open, disconnect("back"))
}

// fillRoom has n persons in the room.
func fillRoom(b *testing.B, s *dynamo.Store, n int) {
	var all sync.WaitGroup
	places := make(chan struct{}, 8)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			name := fmt.Sprint("guest number ", i)
			p := chat.Person{ID: chat.PersonID(fmt.Sprintf("guest%011d", i)), Name: name, Skeleton: chat.Skeleton(name), Created: 1, Seen: 1}
			p.Session[0], p.Session[1], p.Session[2] = 1, byte(i), byte(i>>8)
			err := s.PutPerson(b.Context(), p)
			if err == nil {
				_, err = s.Join(b.Context(), "room", chat.Member{Connection: fmt.Sprintf("L0SM9cOFvHc%04d=", i), Person: p.ID})
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
}
