package runtimeapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"
)

// TestEvents compares what the functions get with the real captures that they are tested with, value by value: the same requests at the same times
// with the same ids.
func TestEvents(t *testing.T) {
	const userAgent = "Mozilla/5.0 (X11; Linux x86_64)"
	r := httptest.NewRequest("GET", "/socket?room=a", nil)
	for name, value := range map[string]string{
		"Accept-Encoding": "gzip, deflate, br", "Cache-Control": "no-cache", "Connection": "Upgrade", "Upgrade": "websocket",
		"Origin": "https://example.com", "Pragma": "no-cache", "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
		"Sec-WebSocket-Key": "DM+9PqsQtaZrN+IMZbWTzg==", "Sec-WebSocket-Protocol": "parley.v1, other", "Sec-WebSocket-Version": "13", "User-Agent": userAgent,
	} {
		r.Header.Set(name, value)
	}
	for _, test := range []struct {
		file             string
		connectedAt, now int64
		userAgent        string
		ids              []string
		build            func(*Gateway, peer) *event
	}{
		{"connect", 1708326702789, 1708326702790, userAgent, []string{"TXzPWFkkjoEF92g="}, func(g *Gateway, p peer) *event {
			return g.connectEvent("TXzPWdnOjoECGjA=", p, r)
		}},
		{"message", 1701244639136, 1701244642032, "", []string{"PJpDXEc6KRcFiJQ=", "PJpDXchdqRcCJCA="}, func(g *Gateway, p peer) *event {
			return g.messageEvent("PJpC6chVKRcCJCA=", p, []byte("hello"))
		}},
		{"disconnect", 1701244639136, 1701244654051, "", []string{"PJpFQFbJKRcFr0g="}, func(g *Gateway, p peer) *event {
			return g.disconnectEvent("PJpC6chVKRcCJCA=", p, 1005, "Client-side close frame status not set")
		}},
	} {
		t.Run(test.file, func(t *testing.T) {
			g := NewGateway(GatewayOptions{})
			g.now = func() time.Time { return time.UnixMilli(test.now) }
			g.newID = func() string { id := test.ids[0]; test.ids = test.ids[1:]; return id }
			b, err := test.build(g, peer{test.connectedAt, identity{UserAgent: test.userAgent, SourceIP: "192.0.2.1"}}).encode()
			if err != nil {
				t.Fatal(err)
			}
			b = regexp.MustCompile(`Root=1-65d2ff2e-[0-9a-f]{24}`).ReplaceAll(b, []byte("Root=1-65d2ff2e-718990494fd688f062bf1571"))
			want, err := os.ReadFile("../functions/testdata/" + test.file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, b, want)
		})
	}
}

func equalJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		a, _ := json.MarshalIndent(g, "", " ")
		b, _ := json.MarshalIndent(w, "", " ")
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

// TestConnectEvent holds what no capture shows together.
func TestConnectEvent(t *testing.T) {
	g := NewGateway(GatewayOptions{APIID: "abc", Stage: "test"})
	r := httptest.NewRequest("GET", "/socket", nil)
	r.Header = http.Header{"X-Forwarded-For": {"198.51.100.7", "198.51.100.8"}, "X-Twice": {"one", "two"}}
	b, err := g.connectEvent("id", g.newPeer("192.0.2.1", ""), r).encode()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"queryStringParameters", "multiValueQueryStringParameters", "body"} {
		if _, there := got[absent]; there {
			t.Errorf("%s is there", absent)
		}
	}
	headers, all, c := got["headers"].(map[string]any), got["multiValueHeaders"].(map[string]any), got["requestContext"].(map[string]any)
	if f := headers["X-Forwarded-For"]; f != "198.51.100.7, 198.51.100.8, 192.0.2.1" {
		t.Errorf("X-Forwarded-For %q", f)
	}
	if headers["X-Twice"] != "two" || !reflect.DeepEqual(all["X-Twice"], []any{"one", "two"}) {
		t.Errorf("X-Twice %q and %q", headers["X-Twice"], all["X-Twice"])
	}
	if _, there := c["identity"].(map[string]any)["userAgent"]; there {
		t.Error("userAgent is there")
	}
	if c["domainName"] != "abc.execute-api.us-east-1.amazonaws.com" || c["stage"] != "test" || c["apiId"] != "abc" {
		t.Errorf("context %v", c)
	}
	if id := newID(); !regexp.MustCompile(`^[\w-]{15}=$`).MatchString(id) {
		t.Errorf("id %q", id)
	}
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		answer, subprotocol string
		status              int // 0: malformed
	}{
		{`{"statusCode":200}`, "", 200},
		{`{"statusCode":201,"headers":{"sec-websocket-protocol":"a"}}`, "a", 201},
		{`{"statusCode":200,"multiValueHeaders":{"Sec-WebSocket-Protocol":["a","b"]}}`, "b", 200},
		{`{"statusCode":401,"body":"no"}`, "", 401},
		{`null`, "", 0}, {``, "", 0}, {`"hello"`, "", 0}, {`{}`, "", 0}, {`{"statusCode":"many"}`, "", 0}, {`{"statusCode":1000}`, "", 0}, {`[200]`, "", 0},
	} {
		a, err := readAnswer([]byte(test.answer))
		switch {
		case test.status == 0:
			if err == nil {
				t.Errorf("%s: %+v, want an error", test.answer, a)
			}
		case err != nil || a.StatusCode != test.status || a.subprotocol() != test.subprotocol:
			t.Errorf("%s: %+v, error %v", test.answer, a, err)
		}
	}
}
