package gateway_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/gateway"
)

func TestOrigin(t *testing.T) { onEngines(t, testOrigin) }

func testOrigin(t *testing.T) {
	public, _ := url.Parse("https://chat.example.org")
	for _, test := range []struct {
		name   string
		public *url.URL
		host   string // "": the listener's address
		origin string // HERE is the listener's address; "": none
		status int
	}{
		{"a tool sends none", nil, "", "", 101},
		{"our page", nil, "", "http://HERE", 101},
		{"our page by the name localhost", nil, "localhost:8080", "http://localhost:8080", 101},
		{"our page by an address of the local network", nil, "192.168.1.7:8080", "http://192.168.1.7:8080", 101},
		{"our page by an IPv6 address", nil, "[::1]:8080", "http://[::1]:8080", 101},
		{"our page at the default port", nil, "127.0.0.1:80", "http://127.0.0.1", 101},
		{"another site", nil, "", "http://evil.example", 403},
		{"another port", nil, "127.0.0.1:8080", "http://127.0.0.1:8081", 403},
		{"another scheme", nil, "", "https://HERE", 403},
		{"localhost is not 127.0.0.1", nil, "127.0.0.1:8080", "http://localhost:8080", 403},
		{"null", nil, "", "null", 403},
		{"empty", nil, "", " ", 403},
		{"our host as a prefix", nil, "", "http://HERE.evil.example", 403},
		{"our host as user info", nil, "", "http://HERE@evil.example", 403},
		{"our host as a path", nil, "", "http://evil.example/HERE", 403},
		{"our host as a fragment", nil, "", "http://evil.example#HERE", 403},
		{"our host and a path", nil, "", "http://HERE/", 403},
		{"two", nil, "", "http://HERE\r\nOrigin: http://evil.example", 403},
		{"a name that rebinds", nil, "evil.example", "http://evil.example", 421},
		{"a name that looks local", nil, "localhost.evil.example", "", 421},
		{"a name that looks like an address", nil, "127.0.0.1.evil.example", "", 421},
		{"a number as an address", nil, "2130706433", "", 421},

		{"public: our page", public, "chat.example.org", "https://chat.example.org", 101},
		{"public: whatever Host a proxy sends", public, "backend:8080", "https://chat.example.org", 101},
		{"public: port said and not said", public, "chat.example.org", "https://chat.example.org:443", 101},
		{"public: a tool sends none", public, "chat.example.org", "", 101},
		{"public: http is not https", public, "chat.example.org", "http://chat.example.org", 403},
		{"public: another port", public, "chat.example.org", "https://chat.example.org:8443", 403},
		{"public: a subdomain", public, "chat.example.org", "https://x.chat.example.org", 403},
		{"public: Host does not permit an Origin", public, "evil.example", "https://evil.example", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, gateway.Options{PublicURL: test.public}, newHandler(), nil)
			lines := s.upgrade()
			if test.host != "" {
				lines[1] = "Host: " + test.host
			}
			if test.origin != "" {
				lines = append(lines, "Origin: "+strings.ReplaceAll(test.origin, "HERE", s.address))
			}
			resp := s.dial().request(lines...)
			if resp.StatusCode != test.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, test.status)
			}
			if body, _ := io.ReadAll(io.LimitReader(resp.Body, 1000)); test.status != 101 && !strings.Contains(string(body), "--url") {
				t.Errorf("%q does not say what to do", body)
			}
		})
	}
}

func TestPages(t *testing.T) { onEngines(t, testPages) }

func testPages(t *testing.T) {
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page "+r.URL.Path) })
	s := start(t, gateway.Options{Pages: pages}, newHandler(), nil)
	for _, test := range []struct {
		name, line, host string
		status           int
	}{
		{"everything but the socket", "GET /r/room HTTP/1.1", "localhost", 200},
		{"by address", "GET / HTTP/1.1", "127.0.0.1:8080", 200},
		{"a name that rebinds gets nothing", "GET / HTTP/1.1", "evil.example", 421},
		{"the socket is no page", "GET /socket HTTP/1.1", "localhost", 426},
	} {
		t.Run(test.name, func(t *testing.T) {
			if resp := s.in(t).dial().request(test.line, "Host: "+test.host); resp.StatusCode != test.status {
				t.Errorf("status %d, want %d", resp.StatusCode, test.status)
			}
		})
	}
}
