package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/gateway"
)

func TestManagement(t *testing.T) { onEngines(t, testManagement) }

func testManagement(t *testing.T) {
	s := start(t, gateway.Options{}, newHandler(), nil)
	management := httptest.NewServer(s.Management())
	defer management.Close()
	defer management.Client().CloseIdleConnections()
	c, id := s.open("User-Agent: test/1")
	escaped := strings.ReplaceAll(id, "=", "%3D") // as AWS SDKs do

	for _, test := range []struct {
		name, method, path, body string
		header                   string // "Name: value"
		status                   int
		kind                     string // x-amzn-ErrorType
	}{
		{"post", "POST", "/@connections/" + escaped, "hello", "", 200, ""},
		{"post, escaped as AWS's example is", "POST", "/%40connections/" + escaped, "hello", "", 200, ""},
		{"post, not escaped", "POST", "/@connections/" + id, "hello", "", 200, ""},
		{"post, signed", "POST", "/@connections/" + id, "hello", "Authorization: AWS4-HMAC-SHA256 x", 200, ""},
		{"post of 128 KB", "POST", "/@connections/" + id, strings.Repeat("x", 128<<10), "", 200, ""},
		{"post above 128 KB", "POST", "/@connections/" + id, strings.Repeat("x", 128<<10+1), "", 413, "PayloadTooLargeException"},
		{"post not UTF-8", "POST", "/@connections/" + id, "\xff", "", 400, "BadRequestException"},
		{"post to nobody", "POST", "/@connections/AAAAAAAAAAAAAAA=", "hello", "", 410, "GoneException"},
		{"get nobody", "GET", "/@connections/AAAAAAAAAAAAAAA=", "", "", 410, "GoneException"},
		{"delete nobody", "DELETE", "/@connections/AAAAAAAAAAAAAAA=", "", "", 410, "GoneException"},
		{"id too short", "POST", "/@connections/AAAA", "hello", "", 400, "BadRequestException"},
		{"id with a slash", "POST", "/@connections/AAAAAAAAAAAAA%2FA=", "hello", "", 400, "BadRequestException"},
		{"id with stray bits", "POST", "/@connections/AAAAAAAAAAAAAAB=", "hello", "", 400, "BadRequestException"},
		{"no id", "POST", "/@connections/", "hello", "", 400, "BadRequestException"},
		{"put", "PUT", "/@connections/" + id, "hello", "", 405, "MethodNotAllowedException"},
		{"elsewhere", "GET", "/", "", "", 404, "NotFoundException"},
		{"from a page", "POST", "/@connections/" + id, "hello", "Origin: http://evil.example", 403, "ForbiddenException"},
		{"from a page of ours", "POST", "/@connections/" + id, "hello", "Origin: " + management.URL, 403, "ForbiddenException"},
		{"by a name that rebinds", "POST", "/@connections/" + id, "hello", "Host: evil.example", 403, "ForbiddenException"},
		{"health by a name that rebinds", "GET", "/healthz", "", "Host: evil.example", 403, "ForbiddenException"},
		{"alive", "GET", "/healthz", "", "", 200, ""},
		{"ready", "GET", "/readyz", "", "", 200, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			req, _ := http.NewRequest(test.method, management.URL+test.path, strings.NewReader(test.body))
			if name, value, _ := strings.Cut(test.header, ": "); name == "Host" {
				req.Host = value
			} else if name != "" {
				req.Header.Set(name, value)
			}
			resp, err := management.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != test.status || resp.Header.Get("X-Amzn-ErrorType") != test.kind {
				t.Fatalf("status %d %q, want %d %q: %s", resp.StatusCode, resp.Header.Get("X-Amzn-ErrorType"), test.status, test.kind, body)
			}
			switch {
			case test.status == 410 && len(body) > 0, test.status == 200 && test.method == "POST" && len(body) > 0:
				t.Errorf("body %q, want none", body)
			case test.status == 405 && resp.Header.Get("Allow") != "DELETE, GET, POST":
				t.Errorf("Allow %q", resp.Header.Get("Allow"))
			case test.status == 200 && test.method == "POST":
				c.want(text, test.body)
			}
		})
	}

	t.Run("get", func(t *testing.T) {
		resp, err := management.Client().Get(management.URL + "/@connections/" + escaped)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var got struct {
			ConnectedAt, LastActiveAt time.Time
			Identity                  struct{ SourceIP, UserAgent string }
		}
		body, _ := io.ReadAll(resp.Body)
		if err := json.Unmarshal(body, &got); err != nil || resp.StatusCode != 200 {
			t.Fatalf("status %d, %s, error %v", resp.StatusCode, body, err)
		}
		for _, member := range []string{`"connectedAt":`, `"lastActiveAt":`, `"identity":{"sourceIp":`, `"userAgent":`} {
			if !bytes.Contains(body, []byte(member)) {
				t.Errorf("%s lacks %s", body, member)
			}
		}
		if got.Identity.SourceIP != "127.0.0.1" || got.Identity.UserAgent != "test/1" || time.Since(got.ConnectedAt) > time.Minute || got.LastActiveAt.Before(got.ConnectedAt) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("delete, and then it is gone", func(t *testing.T) {
		for _, want := range []int{204, 410} {
			req, _ := http.NewRequest("DELETE", management.URL+"/@connections/"+escaped, nil)
			resp, err := management.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("status %d, want %d", resp.StatusCode, want)
			}
		}
		if reason := c.wantClose(1000); reason != "Connection Closed Normally" {
			t.Errorf("reason %q", reason)
		}
	})
	t.Run("not ready once Shutdown has begun, and alive still", func(t *testing.T) {
		c.Close()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{"/readyz": 503, "/healthz": 200} {
			resp, err := management.Client().Get(management.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
			}
		}
	})
}
