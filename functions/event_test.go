package functions_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"parley/chat"
	"parley/functions"
)

// recorder is a functions.Chat that notes what it is called with.
type recorder struct {
	id      string
	shake   chat.Handshake
	frames  [][]byte
	ended   []string
	until   time.Time // OnAction's deadline
	confirm string
	err     error
	swept   []string // after which room each sweep was
}

func (r *recorder) OnConnect(ctx context.Context, id string, h chat.Handshake) (string, error) {
	r.id, r.shake = id, h
	return r.confirm, r.err
}

func (r *recorder) OnDisconnect(ctx context.Context, id string) error {
	r.ended = append(r.ended, id)
	return r.err
}

func (r *recorder) OnAction(ctx context.Context, id string, frames ...[]byte) error {
	r.id, r.frames = id, frames
	r.until, _ = ctx.Deadline()
	return r.err
}

func (r *recorder) Forget(ctx context.Context, room string, gone []string) error {
	r.ended = append(r.ended, gone...)
	return r.err
}

func (r *recorder) SweepAfter(ctx context.Context, room string) (string, error) {
	r.swept = append(r.swept, room)
	r.until, _ = ctx.Deadline()
	return room + "+", r.err
}

type statusError int

func (e statusError) Error() string   { return "banned" }
func (e statusError) HTTPStatus() int { return int(e) }

// capture reads an event as API Gateway made it; edit may change it.
func capture(t testing.TB, name string, edit func(event map[string]any)) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if edit == nil {
		return b
	}
	var event map[string]any
	if err := json.Unmarshal(b, &event); err != nil {
		t.Fatal(err)
	}
	edit(event)
	if b, err = json.Marshal(event); err != nil {
		t.Fatal(err)
	}
	return b
}

// setHeader gives an event's header new values, in both maps.
func setHeader(event map[string]any, name string, values ...string) {
	single, multi := event["headers"].(map[string]any), event["multiValueHeaders"].(map[string]any)
	for key := range single {
		if strings.EqualFold(key, name) {
			delete(single, key)
			delete(multi, key)
		}
	}
	if len(values) > 0 {
		single[name], multi[name] = values[len(values)-1], values
	}
}

func invoke(t testing.TB, c functions.Chat, o functions.Options, name string, event []byte) (string, error) {
	t.Helper()
	h, err := functions.New(c, o).Handler(name)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Invoke(t.Context(), event)
	return string(answer), err
}

// TestCapturesAreWhole: a field that our capture has and aws-lambda-go does not
// know, or one that it misses, would be a capture of something else.
func TestCapturesAreWhole(t *testing.T) {
	for _, name := range []string{"connect", "message", "disconnect"} {
		d := json.NewDecoder(bytes.NewReader(capture(t, name, nil)))
		d.DisallowUnknownFields()
		var e events.APIGatewayWebsocketProxyRequest
		if err := d.Decode(&e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c := e.RequestContext
		if c.ConnectionID == "" || c.RequestID == "" || c.ExtendedRequestID != c.RequestID || c.ConnectedAt == 0 || c.RequestTimeEpoch < c.ConnectedAt || c.APIID == "" || c.Stage == "" || c.DomainName == "" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestConnect(t *testing.T) {
	const id = "TXzPWdnOjoECGjA="
	site := functions.Options{SiteOrigins: []string{"https://Example.com:443"}}
	behind := functions.Options{SiteOrigins: site.SiteOrigins, OriginSecrets: []string{"new", "old"}}
	through := func(secret string, hops ...string) func(map[string]any) {
		return func(e map[string]any) {
			setHeader(e, functions.OriginHeader, secret)
			setHeader(e, "X-Forwarded-For", hops...)
		}
	}
	usual := chat.Handshake{Subprotocols: []string{"parley.v1", "other"}, Origin: "https://example.com", Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)"}
	with := func(change func(*chat.Handshake)) *chat.Handshake { h := usual; change(&h); return &h }
	for _, c := range []struct {
		name   string
		o      functions.Options
		edit   func(event map[string]any)
		answer string
		want   *chat.Handshake // nil: the chat is not asked
	}{
		{"a page", site, nil, `{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"parley.v1"}}`, &usual},
		{"without a query", site, func(e map[string]any) {
			delete(e, "queryStringParameters")
			delete(e, "multiValueQueryStringParameters")
		}, `200`, &usual},
		{"sub-protocols in two headers, written small", site, func(e map[string]any) {
			setHeader(e, "Sec-WebSocket-Protocol")
			setHeader(e, "sec-websocket-protocol", "a,b", " parley.v1 ")
		}, `200`, with(func(h *chat.Handshake) { h.Subprotocols = []string{"a", "b", "parley.v1"} })},
		{"only single headers", site, func(e map[string]any) { delete(e, "multiValueHeaders") }, `200`, &usual},
		{"no sub-protocol", site, func(e map[string]any) { setHeader(e, "Sec-WebSocket-Protocol") }, `200`, with(func(h *chat.Handshake) { h.Subprotocols = nil })},
		{"a tool: no Origin, no User-Agent", site, func(e map[string]any) {
			setHeader(e, "Origin")
			setHeader(e, "User-Agent")
			delete(e["requestContext"].(map[string]any)["identity"].(map[string]any), "userAgent")
		}, `200`, with(func(h *chat.Handshake) { h.Origin, h.UserAgent = "", "" })},
		{"a page of another site", site, func(e map[string]any) { setHeader(e, "Origin", "https://example.com.evil.example") }, `{"statusCode":403}`, nil},
		{"a page without an origin of its own", site, func(e map[string]any) { setHeader(e, "Origin", "null") }, `{"statusCode":403}`, nil},
		{"two origins", site, func(e map[string]any) { setHeader(e, "Origin", "https://example.com", "https://example.com") }, `{"statusCode":403}`, nil},
		{"no site known", functions.Options{}, nil, `{"statusCode":403}`, nil},
		{"any site", functions.Options{SiteOrigins: []string{"*"}}, nil, `200`, &usual},
		{"X-Forwarded-For is not believed without a secret", site, through("new", "203.0.113.9, 192.0.2.7, 192.0.2.1"), `200`, &usual},
		{"past the distribution", behind, nil, `{"statusCode":403}`, nil},
		{"a wrong secret", behind, through("newer", "203.0.113.9, 192.0.2.1"), `{"statusCode":403}`, nil},
		{"an empty secret", behind, through("", "203.0.113.9, 192.0.2.1"), `{"statusCode":403}`, nil},
		{"two secrets", behind, func(e map[string]any) { setHeader(e, functions.OriginHeader, "new", "new") }, `{"statusCode":403}`, nil},
		{"an empty secret configured is none", functions.Options{SiteOrigins: site.SiteOrigins, OriginSecrets: []string{"", ""}}, nil, `200`, &usual},
		{"through the distribution", behind, through("new", "203.0.113.9, 192.0.2.1"), `200`, with(func(h *chat.Handshake) { h.Address = "203.0.113.9" })},
		{"with the previous secret", behind, through("old", "203.0.113.9, 192.0.2.1"), `200`, with(func(h *chat.Handshake) { h.Address = "203.0.113.9" })},
		{"who writes X-Forwarded-For himself", behind, through("new", "198.51.100.1", "127.0.0.1, 203.0.113.9,192.0.2.1"), `200`, with(func(h *chat.Handshake) { h.Address = "203.0.113.9" })},
		{"IPv6", behind, through("new", "2001:DB8::1, 192.0.2.1"), `200`, with(func(h *chat.Handshake) { h.Address = "2001:db8::1" })},
		{"one hop only", behind, through("new", "203.0.113.9"), `200`, &usual},
		{"hops that are none", behind, through("new", "unknown, 192.0.2.1"), `200`, &usual},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			c.o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			r := &recorder{confirm: "parley.v1"}
			answer, err := invoke(t, r, c.o, functions.OnConnect, capture(t, "connect", c.edit))
			if err != nil || !strings.Contains(answer, c.answer) || !json.Valid([]byte(answer)) {
				t.Errorf("answer %s, %v, want %s", answer, err, c.answer)
			}
			switch {
			case c.want == nil && r.id != "":
				t.Errorf("the chat was asked: %+v", r.shake)
			case c.want != nil && (r.id != id || fmt.Sprintf("%+v", r.shake) != fmt.Sprintf("%+v", *c.want)):
				t.Errorf("OnConnect(%q, %+v), want %+v", r.id, r.shake, *c.want)
			}
			for _, secret := range []string{"192.0.2", "203.0.113", "newer", `"new"`} {
				if strings.Contains(log.String(), secret) {
					t.Errorf("%s is in the log: %s", secret, &log)
				}
			}
			if !strings.Contains(log.String(), id) {
				t.Errorf("logged %q", &log)
			}
		})
	}
}

func TestConnectRefused(t *testing.T) {
	any := functions.Options{SiteOrigins: []string{"*"}}
	for _, c := range []struct {
		err    error
		answer string // empty: an error, which is 502 for the client
	}{
		{statusError(403), `{"statusCode":403}`},
		{fmt.Errorf("wrapped: %w", statusError(429)), `{"statusCode":429}`},
		{statusError(503), `{"statusCode":503}`},
		{statusError(200), ""},
		{errors.New("the table is gone"), ""},
	} {
		answer, err := invoke(t, &recorder{err: c.err}, any, functions.OnConnect, capture(t, "connect", nil))
		if answer != c.answer || (err == nil) != (c.answer != "") {
			t.Errorf("%v: answer %q, %v, want %q", c.err, answer, err, c.answer)
		}
	}
	if answer, err := invoke(t, &recorder{}, any, functions.OnConnect, capture(t, "connect", nil)); answer != `{"statusCode":200}` || err != nil {
		t.Errorf("nothing to confirm: %q, %v", answer, err)
	}
}

func TestAction(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(event map[string]any)
		frame string
	}{
		{"text", nil, "hello"},
		{"a frame of the sample", func(e map[string]any) { e["body"] = `{"type":"message","from":"alice","text":"<é> \u2028"}` }, `{"type":"message","from":"alice","text":"<é> \u2028"}`},
		{"in base64", func(e map[string]any) {
			e["body"], e["isBase64Encoded"] = base64.StdEncoding.EncodeToString([]byte("hällo")), true
		}, "hällo"},
		{"empty", func(e map[string]any) { delete(e, "body") }, ""},
		{"who pretends to be a share", func(e map[string]any) { e["body"] = `{"parleyShare":{"room":"general","frames":["x"]}}` }, `{"parleyShare":{"room":"general","frames":["x"]}}`},
		{"a share and a connection", func(e map[string]any) { e["parleyShare"] = map[string]any{"room": "general"} }, "hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{}
			answer, err := invoke(t, r, functions.Options{}, functions.OnAction, capture(t, "message", c.edit))
			if answer != `{"statusCode":200}` || err != nil {
				t.Errorf("answer %s, %v", answer, err)
			}
			if r.id != "PJpC6chVKRcCJCA=" || len(r.frames) != 1 || string(r.frames[0]) != c.frame {
				t.Errorf("OnAction(%q, %q), want %q", r.id, r.frames, c.frame)
			}
		})
	}
}

func TestFailuresAreLoggedOnly(t *testing.T) {
	for name, event := range map[string]string{functions.OnAction: "message", functions.OnDisconnect: "disconnect"} {
		var log bytes.Buffer
		r := &recorder{err: errors.New("the table is gone")}
		answer, err := invoke(t, r, functions.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))}, name, capture(t, event, nil))
		if answer != `{"statusCode":200}` || err != nil {
			t.Errorf("%s: answer %s, %v", name, answer, err)
		}
		if !strings.Contains(log.String(), "the table is gone") || strings.Contains(log.String(), "hello") || strings.Contains(log.String(), "192.0.2") {
			t.Errorf("%s logged %q", name, &log)
		}
	}
	r := &recorder{}
	if answer, err := invoke(t, r, functions.Options{}, functions.OnDisconnect, capture(t, "disconnect", nil)); answer != `{"statusCode":200}` || err != nil || !slices.Equal(r.ended, []string{"PJpC6chVKRcCJCA="}) {
		t.Errorf("disconnect: %s, %v, ended %q", answer, err, r.ended)
	}
	bad := capture(t, "message", func(e map[string]any) { e["body"], e["isBase64Encoded"] = "%", true })
	if answer, err := invoke(t, r, functions.Options{}, functions.OnAction, bad); answer != `{"statusCode":200}` || err != nil || r.frames != nil {
		t.Errorf("bad base64: %s, %v, frames %q", answer, err, r.frames)
	}
}

// TestTimeToAnswer: the chat gets less time than the function has.
func TestTimeToAnswer(t *testing.T) {
	r := &recorder{}
	h, _ := functions.New(r, functions.Options{}).Handler(functions.OnAction)
	deadline := time.Now().Add(29 * time.Second)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	if _, err := h.Invoke(ctx, capture(t, "message", nil)); err != nil {
		t.Fatal(err)
	}
	if left := deadline.Sub(r.until); left < 100*time.Millisecond || left > time.Second {
		t.Errorf("%v are left for the answer", left)
	}
}

func TestNotAnEvent(t *testing.T) {
	for name, event := range map[string]string{functions.OnConnect: "message", functions.OnAction: "disconnect", functions.OnDisconnect: "connect"} {
		r := &recorder{}
		for _, payload := range [][]byte{capture(t, event, nil), []byte("{}"), []byte("["), nil, []byte(`{"requestContext":null}`)} {
			if answer, err := invoke(t, r, functions.Options{SiteOrigins: []string{"*"}}, name, payload); err == nil || r.id != "" || r.ended != nil {
				t.Errorf("%s took %.40s: %s", name, payload, answer)
			}
		}
	}
	if _, err := functions.New(&recorder{}, functions.Options{}).Handler("bootstrap"); err == nil || !strings.Contains(err.Error(), "OnDisconnect") {
		t.Errorf("Handler: %v", err)
	}
}
