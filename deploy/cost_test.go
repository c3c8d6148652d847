package deploy_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
	"parley/deploy"
	"parley/dynamo"
	"parley/e2e"
	"parley/protocol"
	"parley/wwwroot"
)

// meter is a client that has the table tell what each call is billed as.
type meter struct {
	*dynamodb.Client
	reads, writes float64
	calls         int
}

func (m *meter) read(c ...types.ConsumedCapacity) {
	m.calls++
	for _, one := range c {
		m.reads += aws.ToFloat64(one.CapacityUnits)
	}
}

func (m *meter) wrote(c *types.ConsumedCapacity) {
	m.calls++
	m.writes += aws.ToFloat64(c.CapacityUnits)
}

const total = types.ReturnConsumedCapacityTotal

func (m *meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.Client.GetItem(ctx, in, o...)
	if err == nil {
		m.read(*out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.Client.BatchGetItem(ctx, in, o...)
	if err == nil {
		m.read(out.ConsumedCapacity...)
	}
	return out, err
}

func (m *meter) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.Client.Query(ctx, in, o...)
	if err == nil {
		m.read(*out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.Client.PutItem(ctx, in, o...)
	if err == nil {
		m.wrote(out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.Client.DeleteItem(ctx, in, o...)
	if err == nil {
		m.wrote(out.ConsumedCapacity)
	}
	return out, err
}

// heard is a Poster that counts frames, and notes the last of each type.
type heard struct {
	frames, bytes int
	last          map[string]map[string]any
}

func (h *heard) Post(_ context.Context, frames [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
	for _, f := range frames {
		var event map[string]any
		if err := json.Unmarshal(f, &event); err != nil {
			return nil, err
		}
		h.frames += len(to)
		h.bytes += len(to) * len(f)
		h.last[fmt.Sprint(event["type"])] = event
	}
	return nil, nil
}

func (h *heard) Close(context.Context, int, string, ...chat.ConnectionID) error { return nil }

// costs runs a room of so many connections through what people do, each step as
// a warm function would, and returns what each step was.
func costs(t *testing.T, members int) map[string]deploy.Step {
	t.Helper()
	client := dynamo.NewClient(dynamo.ClientOptions{Region: "us-east-1", Endpoint: e2e.DynamoDB(t), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	})})
	table := "costs-" + rand.Text() // the emulator is shared by all tests
	if err := dynamo.CreateTable(t.Context(), client, table); err != nil {
		t.Fatal(err)
	}
	m, h := &meter{Client: client}, &heard{last: map[string]map[string]any{}}
	steps := map[string]deploy.Step{}
	step := func(name string, do func(context.Context, *chat.Chat) error) {
		t.Helper()
		s := dynamo.New(m, dynamo.Options{Table: table})
		if _, err := s.Extent(t.Context(), "another"); err != nil { // reads the epoch
			t.Fatal(err)
		}
		*m, h.frames, h.bytes = meter{Client: client}, 0, 0
		c := asFunctions(s, h, time.Now)
		defer c.Close()
		if err := do(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		steps[name] = deploy.Step{Reads: m.reads, Writes: m.writes, Calls: float64(m.calls), Frames: float64(h.frames), Bytes: float64(h.bytes)}
	}
	act := func(id string, action map[string]any) func(context.Context, *chat.Chat) error {
		frame, err := json.Marshal(action)
		if err != nil {
			t.Fatal(err)
		}
		return func(ctx context.Context, c *chat.Chat) error { return c.OnAction(ctx, id, frame) }
	}
	connect := func(id string) func(context.Context, *chat.Chat) error {
		return func(ctx context.Context, c *chat.Chat) error {
			_, err := c.OnConnect(ctx, id, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}})
			return err
		}
	}
	rooms := []any{map[string]any{"room": "room"}}
	for i := range members - 1 {
		id := fmt.Sprint("member", i)
		step("", connect(id))
		step("", act(id, map[string]any{"type": "hello", "name": fmt.Sprintf("guest number %d", i), "rooms": rooms}))
	}
	text := strings.Repeat("It is a text. ", 8)
	for i := range 60 { // what the newest page has
		step("", act("member0", map[string]any{"type": "message", "room": "room", "id": fmt.Sprint("before", i), "text": text}))
	}
	step("", connect("first"))
	step("", act("first", map[string]any{"type": "hello", "name": "Ann", "rooms": rooms}))
	session := h.last["welcome"]["session"]
	step("", act("first", map[string]any{"type": "message", "room": "room", "id": "0", "text": text}))
	step("", func(ctx context.Context, c *chat.Chat) error { return c.OnDisconnect(ctx, "first") })

	step("connect", connect("again"))
	step("hello", act("again", map[string]any{"type": "hello", "session": session, "rooms": rooms}))
	step("message", act("again", map[string]any{"type": "message", "room": "room", "id": "1", "text": text}))
	joined := h.last["joined"]
	step("typing", act("again", map[string]any{"type": "typing", "room": "room"}))
	step("ping", act("again", map[string]any{"type": "ping", "rooms": []any{map[string]any{"room": "room", "epoch": joined["epoch"], "after": joined["head"]}}}))
	step("disconnect", func(ctx context.Context, c *chat.Chat) error { return c.OnDisconnect(ctx, "again") })
	years := chat.Rule{Kind: chat.RuleRetention, Value: 3650 * 24 * time.Hour.Milliseconds()} // nothing is that old
	if err := dynamo.New(client, dynamo.Options{Table: table}).PutRule(t.Context(), years); err != nil {
		t.Fatal(err)
	}
	step("sweep", func(ctx context.Context, c *chat.Chat) error { return c.Sweep(ctx) })
	if got := stored(t, client, table); math.Abs(got-deploy.StoredBytes) > deploy.StoredBytes/10 {
		t.Errorf("a message takes %.0f bytes, the model says %d", got, deploy.StoredBytes)
	}
	return steps
}

// stored returns how many bytes DynamoDB bills for a message, on average.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func stored(t *testing.T, client *dynamodb.Client, table string) float64 {
	t.Helper()
	bytes, messages := 0, 0
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Items {
			pk, sk := row["PK"].(*types.AttributeValueMemberS).Value, row["SK"].(*types.AttributeValueMemberS).Value
			if !strings.HasPrefix(pk, "L#") && !strings.HasPrefix(sk, "I#") {
				continue
			}
			if strings.HasPrefix(sk, "I#") {
				messages++
			}
			bytes += 100 + size(&types.AttributeValueMemberM{Value: row})
		}
	}
	return float64(bytes) / float64(messages)
}

func size(value types.AttributeValue) (bytes int) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(v.Value)/2 + 1
	case *types.AttributeValueMemberL:
		for _, one := range v.Value {
			bytes += 1 + size(one)
		}
	case *types.AttributeValueMemberM:
		for name, one := range v.Value {
			bytes += len(name) + size(one)
		}
	}
	return bytes + 1
}

// TestCostsAreCounted holds the model to what the code really makes of DynamoDB
// and of the API. What is assumed of durations no test can hold it to.
func TestCostsAreCounted(t *testing.T) {
	t.Parallel()
	for _, members := range []int{2, 10, 100} {
		counted, modelled := costs(t, members), deploy.StepsIn(float64(members))
		for name, want := range modelled {
			got := counted[name]
			if members > protocol.MaxTypingPeople && name == "typing" { // the page does not tell it there
				continue
			}
			t.Logf("%3d members, %-10s %5.1f reads, %1.0f writes, %2.0f calls, %3.0f frames, %5.0f bytes", members, name, got.Reads, got.Writes, got.Calls, got.Frames, got.Bytes)
			near := func(what string, got, want, by float64) {
				if math.Abs(got-want) > by {
					t.Errorf("%d members, %s: %v %s, the model says %v", members, name, got, what, want)
				}
			}
			near("reads", got.Reads, want.Reads, 1)
			near("writes", got.Writes, want.Writes, 0)
			near("calls", got.Calls, want.Calls, 1)
			near("frames", got.Frames, want.Frames, 0)
			near("bytes", got.Bytes, want.Bytes, want.Bytes/10+10)
		}
	}
}

// TestCostOfThePage holds the model to the page.
func TestCostOfThePage(t *testing.T) {
	files := map[string]bool{"index.html": true, "config.json": true}
	var follow func(name string)
	follow = func(name string) {
		if files[name] {
			return
		}
		files[name] = true
		text, err := fs.ReadFile(wwwroot.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:import|export)\b[^'"]*['"](\.[^'"]+)['"]`).FindAllStringSubmatch(string(text), -1) {
			follow(path.Join(path.Dir(name), m[1]))
		}
	}
	index, err := fs.ReadFile(wwwroot.Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="/?([^":]+\.(?:js|css|svg))"`).FindAllStringSubmatch(string(index), -1) {
		follow(m[1])
	}
	if math.Abs(float64(len(files)-deploy.PageFiles)) > 3 {
		t.Errorf("the page has %d files, the model says %d: %v", len(files), deploy.PageFiles, files)
	}
}

func TestEstimate(t *testing.T) {
	for _, size := range deploy.Sizes {
		bill := deploy.Estimate(size.Usage)
		t.Logf("%s: %.2f USD", size.Name, bill.Dollars())
		sum := 0.0
		for _, i := range bill.Items {
			t.Logf("  %-32s %14.6f %-32s %12.8f %8.2f  free: %s", i.Name, i.Quantity, i.Unit, i.Price, i.Dollars, i.Free)
			if i.Quantity < 0 || math.IsNaN(i.Quantity) || i.Price <= 0 || i.Dollars != i.Quantity*i.Price || i.Unit == "" || !strings.HasPrefix(i.Source, "https://aws.amazon.com/") {
				t.Errorf("%s: %+v", size.Name, i)
			}
			sum += i.Dollars
		}
		if bill.Dollars() != sum {
			t.Errorf("%s: %v USD, its items make %v", size.Name, bill.Dollars(), sum)
		}
	}
	if idle := deploy.Estimate(deploy.Usage{}).Dollars(); idle > 1 {
		t.Errorf("nobody comes, and it costs %v USD", idle)
	}
	// A million messages to 10: the frames are 11 USD of it, whatever the rest.
	item := func(u deploy.Usage, name string) deploy.Item {
		for _, i := range deploy.Estimate(u).Items {
			if i.Name == name {
				return i
			}
		}
		t.Fatalf("no item %s", name)
		return deploy.Item{}
	}
	alone := deploy.Usage{Days: 1, Messages: 1e6, Recipients: 40}
	if got := item(alone, "API Gateway, frames in and out").Dollars; math.Abs(got-41) > 0.001 {
		t.Errorf("a million messages to 40 take %v USD of frames, want 41", got)
	}
	if got := item(alone, "DynamoDB, writes").Dollars; math.Abs(got-1.25) > 0.001 {
		t.Errorf("a million messages take %v USD of writes, want 1.25", got)
	}
	// 1,000 people for 8 hours on 30 days are 14.4 million minutes.
	if got := item(deploy.Usage{Days: 30, People: 1000, Hours: 8}, "API Gateway, connections").Dollars; math.Abs(got-3.60) > 0.001 {
		t.Errorf("they take %v USD, want 3.60", got)
	}
	// What the template says of ThrottleRate: 100 frames a second for an hour.
	for _, room := range []float64{40, 100, 1000} {
		flood := deploy.Estimate(deploy.Usage{Days: 1, Messages: 100 * 3600, Recipients: room}).Dollars() - deploy.Estimate(deploy.Usage{}).Dollars()
		if said := 2 + 0.40*room; flood > said || flood < said*0.8 {
			t.Errorf("a flood in a room of %v takes %v USD an hour, and about %v are told", room, flood, said)
		}
	}
	// More of anything never costs less.
	for _, size := range deploy.Sizes[1:] {
		before := deploy.Estimate(size.Usage).Dollars()
		for what, more := range map[string]func(*deploy.Usage){
			"days": func(u *deploy.Usage) { u.Days *= 2 }, "people": func(u *deploy.Usage) { u.People *= 2 }, "visits": func(u *deploy.Usage) { u.Visits *= 2 },
			"hours": func(u *deploy.Usage) { u.Hours *= 2 }, "messages": func(u *deploy.Usage) { u.Messages *= 2 }, "stored": func(u *deploy.Usage) { u.Stored += 1e6 },
			"recipients": func(u *deploy.Usage) { u.Recipients *= 3 },
		} {
			u := size.Usage
			more(&u)
			if after := deploy.Estimate(u).Dollars(); after <= before {
				t.Errorf("%s: more %s, and %v instead of %v USD", size.Name, what, after, before)
			}
		}
	}
}

// asFunctions is a chat as functions/bootstrap has it.
func asFunctions(s *dynamo.Store, p chat.Poster, now func() time.Time) *chat.Chat {
	return chat.New(chat.Ports{Connections: s, Members: s, Log: s, People: s, Poster: p, Rules: s, Counter: s}, chat.Options{
		Rates: &protocol.Rates{}, RulesAge: 2 * time.Second, RepeatsToRoom: true, PresenceDelay: -1, PresencePeople: protocol.MaxTypingPeople, Now: now,
	})
}
