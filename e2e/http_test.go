package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/protocol"
)

// request sends an HTTP/1.1 request exactly as given: no client tidies the path
// or the headers. Lines are separated by \n here.
func request(t testing.TB, p *program, text string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", p.host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if !strings.Contains(text, "\nHost:") {
		text += "\nHost: " + p.host()
	}
	method, _, _ := strings.Cut(text, " ")
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")+"\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil && response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%q: %v", text, err)
	}
	return response, string(body)
}

// handshake asks for a WebSocket, and returns the status.
func handshake(t testing.TB, p *program, headers string) int {
	t.Helper()
	conn, err := net.Dial("tcp", p.host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if !strings.Contains(headers, "Host:") {
		headers += "\nHost: " + p.host()
	}
	text := "GET /socket HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n" + strings.TrimPrefix(headers, "\n")
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", headers, err)
	}
	return response.StatusCode
}

// Every answer has the headers that keep a hostile page and a hostile message
// from doing harm: those of pages and files, and those of refusals.
func TestHeaders(t *testing.T) {
	text, err := os.ReadFile("testdata/headers.txt")
	if err != nil {
		t.Fatal(err)
	}
	golden := strings.Split(strings.TrimSpace(string(text)), "\n")
	p := start(t)
	for route, status := range map[string]int{
		"GET /": 200, "HEAD /": 200, "GET /r/design": 200, "GET /app.js": 200, "GET /sdk/chat.js": 200,
		"GET /config.json": 200, "GET /favicon.svg": 200,
		"GET /nosuch": 404, "GET /sdk/": 404, "GET /index.html.bak": 404, "GET /../go.mod": 404,
		"POST /": 405, "GET /socket": 426,
	} {
		response, _ := request(t, p, route+" HTTP/1.1")
		if response.StatusCode != status {
			t.Errorf("%s: %s, want %d", route, response.Status, status)
		}
		for _, header := range golden {
			name, want, _ := strings.Cut(header, ": ")
			if got := strings.Join(response.Header.Values(name), " AND "); got != want {
				t.Errorf("%s: %s is %q\nwant %q", route, name, got, want)
			}
		}
		if status == 200 && response.Header.Get("Content-Type") == "" {
			t.Errorf("%s: no Content-Type", route)
		}
	}
}

// No path reaches a file outside the list of those that are served, and no
// folder is listed.
func TestPathTraversal(t *testing.T) {
	t.Run("built in", func(t *testing.T) { traverse(t, start(t)) })
	t.Run("from a folder", func(t *testing.T) {
		outside := t.TempDir()
		inside := filepath.Join(outside, "site")
		if err := os.MkdirAll(filepath.Join(inside, ".git"), 0o700); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{
			"secret.txt": "root: secret", "site/.hidden": "root: secret", "site/.git/config": "root: secret",
			"site/index.html": "<!doctype html><title>site</title>",
		} {
			if err := os.WriteFile(filepath.Join(outside, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := start(t, "--wwwroot", inside)
		traverse(t, p)
		for _, path := range []string{"/../secret.txt", "/.hidden", "/.git/config", "/%2e%2e/secret.txt"} {
			refusedPath(t, p, path)
		}
	})
}

func traverse(t *testing.T, p *program) {
	for _, path := range []string{
		"/../go.mod", "/../../etc/passwd", "/../../../../../../etc/passwd", "/%2e%2e/go.mod", "/%2e%2e%2fgo.mod",
		"/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/..%2f..%2fetc/passwd", "/..%5c..%5cgo.mod", "/..\\..\\go.mod", "/.%2e/go.mod",
		"/sdk/../../go.mod", "/sdk/%2e%2e/%2e%2e/go.mod", "/sdk/..%2f..%2fgo.mod", "//etc/passwd", "///etc/passwd", "/.//etc/passwd",
		"/.git/config", "/.git/HEAD", "/.env", "/.hidden", "/go.mod", "/embed.go", "/js_test.go", "/jsconfig.json", "/test/", "/%00", "/index.html%00.js",
		"/app.js%00", "/app.js/", "/sdk", "/sdk/", "/elements/", "/vendor/", "/%c0%ae%c0%ae/go.mod", "/%252e%252e/go.mod", "/..;/go.mod",
		"/parley.db", "/debug/pprof/", "/metrics", "/admin", "/@connections/abc", "/healthz", "/readyz", "/server-status",
	} {
		refusedPath(t, p, path)
	}
	response, body := request(t, p, "GET http://evil.example/../etc/passwd HTTP/1.1")
	if response.StatusCode < 400 || strings.Contains(body, "root:") {
		t.Errorf("absolute form of a request: %s %.100q", response.Status, body)
	}
}

func refusedPath(t testing.TB, p *program, path string) {
	t.Helper()
	response, body := request(t, p, "GET "+path+" HTTP/1.1")
	if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusBadRequest {
		t.Errorf("GET %s: %s, want 404 or 400", path, response.Status)
	}
	if strings.Contains(body, "root:") || strings.Contains(body, "module parley") || strings.Contains(body, "package ") {
		t.Errorf("GET %s shows %.200q", path, body)
	}
}

// A page of another site cannot connect with a visitor's browser, and a name
// that was pointed at this machine is not answered.
func TestOrigin(t *testing.T) {
	p := start(t)
	host := p.host()
	port := host[strings.LastIndex(host, ":")+1:]
	for _, origin := range []string{
		"http://evil.example", "https://evil.example", "null", "https://" + host, "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:" + port,
		"http://" + host + ".evil.example", "http://evil.example:" + port, "http://" + host + "@evil.example", "http://evil.example/" + host,
		"file://", "chrome-extension://abcdefghijklmnop", "http://" + host + "/", "ws://" + host, "http://" + strings.Replace(host, "127.0.0.1", "127.0.0.2", 1),
		"http://[::ffff:127.0.0.1]:" + port, "http://0x7f000001:" + port,
	} {
		if status := handshake(t, p, "Origin: "+origin); status != http.StatusForbidden {
			t.Errorf("Origin %s: %d, want 403", origin, status)
		}
	}
	for _, headers := range []string{"Origin: http://" + host, "", "Host: localhost:" + port + "\nOrigin: http://localhost:" + port} {
		if status := handshake(t, p, headers); status != http.StatusSwitchingProtocols {
			t.Errorf("%q: %d, want 101", headers, status)
		}
	}
	for _, bad := range []string{"evil.example", "evil.example:" + port, "127.0.0.1.evil.example:" + port, "localhost.evil.example", "localhost@evil.example", "parley"} {
		for _, headers := range []string{"Host: " + bad, "Host: " + bad + "\nOrigin: http://" + bad} {
			if status := handshake(t, p, headers); status < 400 {
				t.Errorf("socket, %q: %d, want a refusal", headers, status)
			}
		}
		for _, path := range []string{"/", "/config.json", "/app.js"} {
			if response, _ := request(t, p, "GET "+path+" HTTP/1.1\nHost: "+bad); response.StatusCode < 400 {
				t.Errorf("GET %s of Host %s: %s, want a refusal", path, bad, response.Status)
			}
		}
	}
	if response, _ := request(t, p, "GET /config.json HTTP/1.1\nHost: localhost:"+port); response.StatusCode != http.StatusOK {
		t.Errorf("Host localhost: %s", response.Status)
	}
}

// Behind a proxy --url fixes the origin, and what is told to people.
func TestPublicURL(t *testing.T) {
	const public = "https://chat.example.com"
	port := freePort(t)
	p := startOn(t, "127.0.0.1:"+port, t.TempDir(), "--url", public)
	if p.website != public || p.socket != "wss://chat.example.com/socket" {
		t.Errorf("printed %s and %s", p.website, p.socket)
	}
	p.website = "http://127.0.0.1:" + port // where it listens
	for headers, want := range map[string]int{
		"Host: chat.example.com\nOrigin: https://chat.example.com":      101,
		"Host: chat.example.com":                                        101,
		"Host: chat.example.com\nOrigin: http://chat.example.com":       403,
		"Host: chat.example.com\nOrigin: https://evil.example":          403,
		"Host: chat.example.com\nOrigin: https://chat.example.com:8443": 403,
	} {
		if status := handshake(t, p, headers); status != want {
			t.Errorf("%q: %d, want %d", headers, status, want)
		}
	}
	if _, body := request(t, p, "GET /config.json HTTP/1.1\nHost: chat.example.com"); !strings.Contains(body, `"server":"wss://chat.example.com/socket"`) {
		t.Errorf("config.json is %s", body)
	}
}

// The sub-protocol that was chosen is the one that was offered.
func TestSubprotocol(t *testing.T) {
	p := start(t)
	for _, c := range []struct {
		offered []string
		want    string
	}{{nil, ""}, {[]string{"chat"}, ""}, {[]string{protocol.Subprotocol}, protocol.Subprotocol}, {[]string{"chat", protocol.Subprotocol}, protocol.Subprotocol}} {
		if got := connect(t, p, c.offered...).ws.Subprotocol(); got != c.want {
			t.Errorf("offered %q, got %q, want %q", c.offered, got, c.want)
		}
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)
}
