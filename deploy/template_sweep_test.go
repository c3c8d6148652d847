package deploy_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"parley/chat"
	"parley/dynamo"
	"parley/functions"
	"parley/protocol"
)

// The clock gives OnAction the event that it takes for a sweep, and nothing of it
// is there where it is turned off.
func checkSweep(t *parsedTemplate, wrong func(string, ...any)) {
	rules := t.of("AWS::Events::Rule")
	if len(rules) != 1 {
		wrong("the clocks are %v", rules)
		return
	}
	rule := t.properties(rules[0])
	if name := inShort(rule["Name"]); !strings.HasSuffix(clock, ":rule/"+name) {
		wrong("it is called %s, and may call as %s", name, clock)
	}
	if every, _ := argumentOf(rule["ScheduleExpression"], "Fn::Sub"); every != "rate(${SweepHours} hours)" || rule["EventPattern"] != nil {
		wrong("it strikes at %v, and for %v", rule["ScheduleExpression"], rule["EventPattern"])
	}
	for _, hours := range listOf(within(t.Parameters["SweepHours"], "AllowedValues")) {
		if hours == 1 { // which would have to be "1 hour"
			wrong("rate(%v hours) is none", hours)
		}
	}
	targets := listOf(rule["Targets"])
	if len(targets) != 1 || inShort(within(targets[0], "Arn")) != "OnActionFunction.Arn" || within(targets[0], "Input") != functions.SweepEvent {
		wrong("it calls %v", targets)
	}
	for _, id := range []string{rules[0], "SweepPermission"} {
		if within(t.Resources[id], "Condition") != "HasSweep" {
			wrong("%s is there without the clock", id)
		}
	}
}

// swept has the clock find a room to be trimmed, and somebody who is there to be
// erased: with the calls that OnAction's role has anyway.
func (a *account) swept(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, a.socket, &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	welcome := protocol.Welcome{}
	for _, action := range []string{`{"type":"hello","name":"Nobody Soon","rooms":[{"room":"swept"}]}`, `{"type":"message","room":"swept","id":"1","text":"one"}`, `{"type":"message","room":"swept","id":"2","text":"two"}`} {
		want := `"type":"message"`
		if strings.Contains(action, `"hello"`) {
			want = `"type":"welcome"`
		}
		if err := c.Write(ctx, websocket.MessageText, []byte(action)); err != nil {
			t.Fatal(err)
		}
		for {
			_, frame, err := c.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(frame), want) {
				continue
			}
			if welcome.You.ID == "" {
				if err := json.Unmarshal(frame, &welcome); err != nil {
					t.Fatal(err)
				}
			}
			break
		}
	}
	store := dynamo.New(a.client, dynamo.Options{Table: a.table})
	for _, r := range []chat.Rule{{Kind: chat.RuleErasing, Subject: welcome.You.ID}, {Kind: chat.RuleRetention, Room: "swept", Text: "1"}} {
		if err := store.PutRule(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2100 * time.Millisecond) // until a process that has read the rules reads them again
	if answer, err := a.action.Invoke(ctx, []byte(functions.SweepEvent)); err != nil {
		t.Fatalf("%s, %v", answer, err)
	}
	x, err := store.Extent(ctx, "swept")
	if err != nil || x.Floor == 0 {
		t.Errorf("%+v, %v", x, err)
	}
	if people, err := store.Persons(ctx, welcome.You.ID); err != nil || len(people) != 0 {
		t.Errorf("there still: %+v, %v", people, err)
	}
}
