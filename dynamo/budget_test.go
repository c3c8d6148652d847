package dynamo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
	"parley/protocol"
)

// counting is a client that counts its calls.
type counting struct {
	dynamo.Client
	mu    sync.Mutex
	calls map[string]int
}

func (c *counting) count(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = make(map[string]int)
	}
	c.calls[operation]++
}

// take returns what was called since the last take, sorted: "1 get, 2 put".
func (c *counting) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, operation := range slices.Sorted(maps.Keys(c.calls)) {
		list = append(list, fmt.Sprint(c.calls[operation], " ", operation))
	}
	c.calls = nil
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

func (c *counting) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	c.count("get")
	return c.Client.GetItem(ctx, in, o...)
}

func (c *counting) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	c.count("batch get")
	return c.Client.BatchGetItem(ctx, in, o...)
}

func (c *counting) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.count("query")
	return c.Client.Query(ctx, in, o...)
}

func (c *counting) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	c.count("put")
	return c.Client.PutItem(ctx, in, o...)
}

func (c *counting) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	c.count("delete")
	return c.Client.DeleteItem(ctx, in, o...)
}

// posted is a Poster that counts.
type posted struct {
	mu     sync.Mutex
	frames int
}

func (p *posted) Post(_ context.Context, frames [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames += len(frames) * len(to)
	return nil, nil
}

func (p *posted) Close(context.Context, int, string, ...chat.ConnectionID) error { return nil }

// TestBudget holds chat over this store to the calls it may make, each step in
// a process that has only read the epoch before, as a warm function has.
func TestBudget(t *testing.T) {
	table := newTable(t)
	fill(t, table, "room", 30)
	fill(t, table, "crowd", 1000)
	fillPersons(t, table, 500)
	counter := &counting{Client: client(e2e.DynamoDB(t))}
	poster := new(posted)
	step := func(what, want string, do func(context.Context, *chat.Chat) error) {
		t.Helper()
		s := dynamo.New(counter, dynamo.Options{Table: table})
		if _, err := s.Extent(t.Context(), "another"); err != nil {
			t.Fatal(err)
		}
		counter.take()
		poster.frames = 0
		c := chat.New(chat.Ports{Connections: s, Members: s, Log: s, People: s, Poster: poster}, chat.Options{RepeatsToRoom: true})
		if err := do(t.Context(), c); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		got := counter.take()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
		t.Logf("%-42s %s; %d posts", what, got, poster.frames)
		c.Close()
	}
	act := func(id string, action map[string]any) func(context.Context, *chat.Chat) error {
		frame, err := json.Marshal(action)
		must(t, err)
		return func(ctx context.Context, c *chat.Chat) error { return c.OnAction(ctx, id, frame) }
	}
	connect := func(id string, subprotocols ...string) func(context.Context, *chat.Chat) error {
		return func(ctx context.Context, c *chat.Chat) error {
			_, err := c.OnConnect(ctx, id, chat.Handshake{Subprotocols: subprotocols})
			return err
		}
	}
	disconnect := func(id string) func(context.Context, *chat.Chat) error {
		return func(ctx context.Context, c *chat.Chat) error { return c.OnDisconnect(ctx, id) }
	}
	others := func(n int) {
		say(t, dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: table}), "room", "beside", n)
	}
	say := map[string]any{"type": "message", "room": "room", "id": "1", "text": "hello"}

	step("connect", "1 put", connect("c", protocol.Subprotocol))
	step("connect, without the sub-protocol", "2 put", connect("plain"))
	step("hello with a new name", "2 get, 5 put", act("c", map[string]any{"type": "hello", "name": "Ann"}))
	step("join", "1 batch get, 3 get, 2 put, 3 query", act("c", map[string]any{"type": "join", "room": "room"}))
	// A get and a put of it are the name's, which is its session's once it is used.
	step("message, the person's and the room's first", "3 get, 4 put, 2 query", act("c", say))
	say["id"] = "2"
	step("message", "2 get, 2 put, 2 query", act("c", say))
	delete(say, "id") // as the sample's clients: a row leads to it all the same
	step("message without an id", "2 get, 2 put, 2 query", act("c", say))
	say["id"] = "2"
	// dynalite does not tell what the refused claim says; DynamoDB saves that get.
	step("the same message again", "4 get, 1 put, 2 query", act("c", say))
	edit := map[string]any{"type": "edit", "room": "room", "target": 1, "id": "e1", "text": "hullo"}
	step("edit", "2 get, 4 put, 3 query", act("c", edit))
	edit["id"] = "e2"
	others(20) // so that the edit is in no row beside its message's
	step("another edit of it", "2 get, 5 put, 4 query", act("c", edit))
	step("the same edit again", "4 get, 1 put, 4 query", act("c", edit))
	step("history with edits of messages in it", "2 get, 2 query", act("c", map[string]any{"type": "history", "room": "room"}))
	step("history with an edit of an older message", "1 batch get, 2 get, 2 query", act("c", map[string]any{"type": "history", "room": "room", "after": 20}))
	step("delete", "2 get, 4 put, 3 query", act("c", map[string]any{"type": "delete", "room": "room", "target": 2, "id": "d1"}))
	step("delete again", "3 get, 4 query", act("c", map[string]any{"type": "delete", "room": "room", "target": 2, "id": "d2"}))
	step("ping", "2 get, 1 query", act("c", map[string]any{"type": "ping", "rooms": []any{map[string]any{"room": "room", "epoch": "", "after": 0}}}))
	step("history", "2 get, 2 query", act("c", map[string]any{"type": "history", "room": "room"}))
	step("rename", "1 delete, 3 get, 2 put, 1 query", act("c", map[string]any{"type": "rename", "name": "Anna"}))
	step("leave", "1 delete, 2 get, 1 put, 1 query", act("c", map[string]any{"type": "leave", "room": "room"}))
	step("join a crowd", "1 batch get, 3 get, 2 put, 3 query", act("c", map[string]any{"type": "join", "room": "crowd"}))
	say["room"], say["id"] = "crowd", "3"
	step("a crowd's first message", "2 get, 3 put, 2 query", act("c", say))
	say["id"] = "4"
	step("message to a crowd of 1,000", "2 get, 2 put, 2 query", act("c", say))
	if poster.frames != 991 { // 10 of the 1,000 rows have expired
		t.Errorf("the crowd was posted to %d times, want 991", poster.frames)
	}
	step("leave a crowd", "1 delete, 1 get, 1 put, 1 query", act("c", map[string]any{"type": "leave", "room": "crowd"}))
	step("join again", "1 batch get, 3 get, 2 put, 4 query", act("c", map[string]any{"type": "join", "room": "room"}))
	step("disconnect, from one room", "2 delete, 2 get, 2 query", disconnect("c"))
	step("connect", "1 put", connect("d", protocol.Subprotocol))
	// One put of the connection for both: it has its rooms at once.
	step("hello with a new name and a room", "1 batch get, 3 get, 6 put, 4 query", act("d", map[string]any{"type": "hello", "name": "Dan", "rooms": []any{map[string]any{"room": "room"}}}))
	// Its membership is written again: who wrote it down may have died before that.
	step("join of the room it is in", "1 batch get, 3 get, 2 put, 4 query", act("d", map[string]any{"type": "join", "room": "room", "after": 1}))
	step("disconnect, without the sub-protocol", "2 delete, 1 get, 1 query", disconnect("plain"))
}
