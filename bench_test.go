package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestBenchJSON holds what parley bench --json prints to what is written of it:
// a run that talks, one that is idle, and a storm.
func TestBenchJSON(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("bench/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	args := []string{"bench", "--json", "--case", "publishers,idle,accept", "--connections", "4", "--duration", "200ms", "--stalled", "1", "--data", t.TempDir(), "--", "--heartbeat", "1m"}
	if err := run(t.Context(), args, os.Getenv, strings.NewReader(""), &out, &said); err != nil || said.Len() > 0 {
		t.Fatalf("%v\n%s", err, said.String())
	}
	got, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(got); err != nil {
		t.Errorf("%v\nin %s", err, out.String())
	}
	var result benchResult
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	if n := len(result.Runs); n != 4 || len(result.Compared) != 1 { // the first case also with a stalled reader
		t.Fatalf("%d runs, compared %+v", n, result.Compared)
	}
	if talk := result.Runs[1].Talk; talk == nil || talk.Deliveries < 4 {
		t.Errorf("%s", out.String())
	}
	if result.Runs[2].Talk != nil || result.Runs[2].Idle == nil || result.Runs[3].Storm == nil {
		t.Errorf("%s", out.String())
	}
}

func TestOnLoopback(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:8080": true, "ws://127.9.9.9/socket": true, "wss://[::1]:8080": true, "http://localhost": true,
		"https://chat.example.com": false, "ws://10.0.0.1": false, "http://localhost.example.com": false, "ws://0.0.0.0": false, "%": false,
	} {
		if got := onLoopback(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

// TestRateLimitsOfRuns: they stay on wherever nobody says more than they allow.
func TestRateLimitsOfRuns(t *testing.T) {
	for name, want := range map[string]string{"fanout": "off", "publishers": "off", "rooms": "off", "paced": "on", "idle": "on", "accept": "on"} {
		for _, o := range benchCases[name] {
			if got := rateLimits(o); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}
