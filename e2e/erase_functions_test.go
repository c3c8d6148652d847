package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/coder/websocket"

	"parley/dynamo"
	"parley/protocol"
)

// TestErasedFunctions looks for a person in every attribute of every item of the
// table, after it had itself erased by the functions: somebody who wrote, edited,
// was called otherwise, was muted, kept order and invited. What others said stays,
// and so do the random ids of the person and of its messages, as SECURITY.md says.
func TestErasedFunctions(t *testing.T) {
	t.Parallel()
	const (
		first, later  = "Mallory Quickfoot", "Zebedee Slowhand"
		draft, edited = "correct horse battery staple", "purple monkey dishwasher"
		address       = "203.0.113.77"
	)
	table := newTableName()
	p := startStack(t, "--table", table, "--trusted-proxies", "127.0.0.1")
	client := dynamo.NewClient(dynamo.ClientOptions{
		Region: "us-east-1", Endpoint: DynamoDB(t), HTTP: http.DefaultClient,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
		}),
	})
	rows := (&silent{t: t, client: client, table: table}).rows

	ada := enter(t, p, "Ada")
	ada.send(map[string]any{"type": "message", "id": "kept", "text": "what stays"})
	ada.next("message")
	ada.send(map[string]any{"type": "link", "id": "l", "link": operatorToken(t, table)})
	ada.next("session")

	ws, _, err := websocket.Dial(t.Context(), p.socket, &websocket.DialOptions{
		Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: http.Header{"X-Forwarded-For": {address}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	mallory := &connection{t, ws}
	do := func(c *connection, answer string, action map[string]any) event {
		t.Helper()
		c.send(action)
		e := c.next(answer, "error")
		if e.Type != answer {
			t.Fatalf("%v was answered by %s", action, e.raw)
		}
		return e
	}
	welcome := do(mallory, "welcome", map[string]any{"type": "hello", "name": first, "rooms": []any{map[string]any{"room": "general"}}})
	mallory.next("joined")
	said := do(mallory, "message", map[string]any{"type": "message", "id": "client-id-1", "text": draft})
	do(mallory, "message", map[string]any{"type": "message", "id": "client-id-2", "text": draft + " again"})
	all := rows()
	early := strings.Contains(all, first) && strings.Contains(all, draft)
	do(mallory, "edit", map[string]any{"type": "edit", "id": "e", "room": "general", "target": said.Seq, "text": edited})
	do(mallory, "renamed", map[string]any{"type": "rename", "id": "r", "name": later})
	// Only now: who is muted takes no other name, and a role is heard of within 2 s.
	do(ada, "moderated", map[string]any{"type": "mute", "id": "m", "room": "elsewhere", "person": welcome.You.ID, "reason": "for now"})
	do(ada, "moderated", map[string]any{"type": "appoint", "id": "a", "person": welcome.You.ID, "role": "moderator"})
	session := mallory.next("session").Session
	traces := []string{first, draft, address}
	for _, token := range []string{welcome.Session, session} {
		hash := sha256.Sum256([]byte(token))
		traces = append(traces, token, hex.EncodeToString(hash[:]), base64.StdEncoding.EncodeToString(hash[:]))
	}
	found := func() (found []string) {
		all := rows()
		for _, trace := range append(traces, edited, later, "client-id-") {
			if strings.Contains(all, trace) && !slices.Contains(found, trace) {
				found = append(found, trace)
			}
		}
		return found
	}
	do(mallory, "invitation", map[string]any{"type": "invite", "id": "i", "room": "general"})
	gus := enter(t, p, "Gus")
	gus.send(map[string]any{"type": "message", "id": "g", "text": "hello from Gus"})
	spoken := gus.next("message")
	do(mallory, "moderated", map[string]any{"type": "mute", "id": "u", "person": spoken.Person})
	if !early {
		t.Error("neither first name nor first text ever stood in the table: looking for them says nothing")
	}
	for _, trace := range []string{address, edited, later, "client-id-"} {
		if !slices.Contains(found(), trace) {
			t.Errorf("%q never stood in the table: looking for it says nothing", trace)
		}
	}
	if !slices.ContainsFunc(found(), func(trace string) bool { return slices.Contains(traces[7:], trace) }) {
		t.Error("the session's hash is not known by what is looked for")
	}

	mallory.send(map[string]any{"type": "erase", "id": "x"})
	if e := ada.next("erased"); e.Person != welcome.You.ID { // told when it is done
		t.Fatal(e.raw)
	}
	for end := time.Now().Add(patience); len(found()) > 0; time.Sleep(100 * time.Millisecond) { // its connection goes by itself
		if time.Now().After(end) {
			t.Fatalf("left: %q in %s", found(), rows())
		}
	}
	all = rows()
	for _, stays := range []string{"what stays", "hello from Gus", welcome.You.ID} {
		if !strings.Contains(all, stays) {
			t.Errorf("%q went, too", stays)
		}
	}
	if page := do(gus, "history", map[string]any{"type": "history", "room": "general", "before": 100}); strings.Contains(page.raw, later) || !strings.Contains(page.raw, "hello from Gus") {
		t.Errorf("the history: %s", page.raw)
	}
	var acts []protocol.Act
	for line := range strings.Lines(office(t, table, "audit", "--json")) {
		var act protocol.Act
		if err := json.Unmarshal([]byte(line), &act); err != nil {
			t.Fatal(err)
		}
		acts = append(acts, act)
	}
	if len(acts) < 5 || acts[0].Do != "erase" || acts[0].Person != welcome.You.ID || strings.Contains(fmt.Sprint(acts), later) {
		t.Errorf("the audit log: %+v", acts)
	}
}

// office runs a command for the chat in a table, and returns what it printed.
func office(t *testing.T, table string, args ...string) string {
	t.Helper()
	out, errs, err := alone(t, parley(t), nil, append(args, "--dynamodb-endpoint", DynamoDB(t), "--table", table)...)
	if err != nil {
		t.Fatalf("parley %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
	return out
}

// operatorToken is what stands in a new operator's link.
func operatorToken(t *testing.T, table string) string {
	t.Helper()
	_, token, _ := strings.Cut(strings.TrimSpace(office(t, table, "operator", "link")), "#operator=")
	return token
}
