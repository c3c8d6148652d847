package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"parley/wwwroot"
)

func testSite(live bool, public *url.URL) *site {
	return newSite(wwwroot.WithSpecification(testFiles), live, public)
}

var testFiles = fstest.MapFS{
	"index.html":       {Data: []byte("<!doctype html><title>chat</title>" + strings.Repeat(" ", 500))},
	"app.js":           {Data: []byte("export {}")},
	"sdk/chat.js":      {Data: []byte(strings.Repeat("// a line that repeats\n", 100))},
	".git/config":      {Data: []byte("secret")},
	"sdk/.hidden":      {Data: []byte("secret")},
	"vendor/a.LICENSE": {Data: []byte("licence")},
}

func ask(s *site, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080/", nil)
	r.URL = &url.URL{}
	if u, err := url.ParseRequestURI(target); err == nil {
		r.URL = u
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestSitePaths(t *testing.T) {
	folder := t.TempDir() // a folder of the system refuses more names than a map does
	if err := os.CopyFS(folder, testFiles); err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]*site{"built in": testSite(false, nil), "live": testSite(true, nil), "folder": newSite(wwwroot.WithSpecification(os.DirFS(folder)), true, nil)} {
		for _, c := range []struct {
			path   string
			status int
			kind   string
		}{
			{"/", 200, "text/html; charset=utf-8"},
			{"/r/design", 200, "text/html; charset=utf-8"},
			{"/r/caf%C3%A9%20%2Fbar", 200, "text/html; charset=utf-8"},
			{"/app.js", 200, "text/javascript; charset=utf-8"},
			{"/sdk/chat.js?v=1", 200, "text/javascript; charset=utf-8"},
			{"/vendor/a.LICENSE", 200, "text/plain; charset=utf-8"},
			{"/config.json", 200, "application/json"},
			{"/asyncapi.yaml", 200, "application/yaml"},
			{"/r/", 404, ""}, {"/r/a/b", 404, ""}, {"/index.html", 404, ""}, {"/nope", 404, ""},
			{"/sdk", 404, ""}, {"/sdk/", 404, ""}, {"//app.js", 404, ""}, {"/./app.js", 404, ""},
			{"/../app.js", 404, ""}, {"/sdk/../../etc/passwd", 404, ""}, {"/%2e%2e%2fetc/passwd", 404, ""}, {"/..%5c..%5cetc", 404, ""},
			{"/.git/config", 404, ""}, {"/sdk/.hidden", 404, ""}, {"/app.js%00", 404, ""}, {"/app.js/", 404, ""},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				r := ask(s, method, c.path)
				if r.StatusCode != c.status || c.kind != "" && r.Header.Get("Content-Type") != c.kind {
					t.Errorf("%s: %s %s: %d %q, want %d %q", what, method, c.path, r.StatusCode, r.Header.Get("Content-Type"), c.status, c.kind)
				}
				for name, value := range securityHeaders {
					if r.Header.Get(name) != value {
						t.Errorf("%s: %s is %q", c.path, name, r.Header.Get(name))
					}
				}
			}
		}
	}
}

func TestSiteMethods(t *testing.T) {
	r := ask(testSite(false, nil), "POST", "/")
	if r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
}

func TestSiteSaysNotModified(t *testing.T) {
	s := testSite(false, nil)
	plain := ask(s, "GET", "/sdk/chat.js")
	zipped := ask(s, "GET", "/sdk/chat.js", "Accept-Encoding", "br, gzip")
	if zipped.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" {
		t.Fatalf("encodings: %q, %q", zipped.Header.Get("Content-Encoding"), plain.Header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, _ := io.ReadAll(z)
	body, _ := io.ReadAll(plain.Body)
	if string(unzipped) != string(body) {
		t.Error("zipped, it is another file")
	}
	if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
		t.Error("two representations have one ETag") // RFC 9110, section 8.8.3
	}
	for _, r := range []*http.Response{plain, zipped} {
		again := ask(s, "GET", "/sdk/chat.js", "Accept-Encoding", r.Header.Get("Content-Encoding"), "If-None-Match", r.Header.Get("ETag"))
		if again.StatusCode != 304 {
			t.Errorf("asked again with %s: %d", r.Header.Get("ETag"), again.StatusCode)
		}
	}
}

func TestSiteBehindAProxy(t *testing.T) {
	u, err := (&serveCmd{URL: "https://chat.example.com/"}).publicURL()
	if err != nil {
		t.Fatal(err)
	}
	r := ask(testSite(false, u), "GET", "/config.json")
	body, _ := io.ReadAll(r.Body)
	if want := `{"server":"wss://chat.example.com/socket"}` + "\n"; string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	if r.Header.Get("Strict-Transport-Security") == "" {
		t.Error("HTTPS is not asked for")
	}
	for _, bad := range []string{"chat.example.com", "ftp://a", "https://a/b", "https://a?b", "https://a#b", "https://u:p@a", "https://", "::"} {
		if u, err := (&serveCmd{URL: bad}).publicURL(); err == nil {
			t.Errorf("--url %q was taken as %s", bad, u)
		}
	}
}
