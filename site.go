package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
	"unicode"

	"parley/wwwroot"
)

// site serves the page: its files, config.json, and index.html for the paths
// of rooms. It answers GET and HEAD, lists no folder, and puts the same
// security headers on everything.
type site struct {
	files  fs.FS
	live   bool     // files may change while we run
	public *url.URL // nil: each request's own Host

	mu     sync.Mutex
	loaded map[string]*asset // as many as there are files
}

// asset is a file as it is sent.
type asset struct {
	body, zipped []byte // zipped is nil where it would not be smaller
	kind, tag    string
}

func newSite(files fs.FS, live bool, public *url.URL) *site {
	return &site{files: files, live: live, public: public, loaded: map[string]*asset{}}
}

// securityHeaders stand on every answer. 'self' in connect-src covers the
// socket, which has the page's origin.
// https://www.w3.org/TR/CSP3/#match-url-to-source-expression
var securityHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types parley",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-Frame-Options":              "DENY",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

// twoYears of HTTPS only, once a browser has been there. https://hstspreload.org
const twoYears = "max-age=63072000"

// headers stand on whatever the page's port answers.
func headers(public *url.URL) http.Header {
	h := http.Header{}
	for name, value := range securityHeaders {
		h.Set(name, value)
	}
	if public != nil && public.Scheme == "https" {
		h.Set("Strict-Transport-Security", twoYears)
	}
	return h
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), headers(s.public))
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "/config.json" {
		s.config(w, r)
		return
	}
	name, ok := fileOf(r.URL)
	if !ok {
		http.NotFound(w, r)
		return
	}
	a, err := s.load(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(w, r)
		return
	case err != nil:
		http.Error(w, "this file cannot be read", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.tag)
	h.Set("Cache-Control", "no-cache") // ask each time; mostly the answer is 304
	h.Set("Vary", "Accept-Encoding")
	body := a.body
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", strings.TrimSuffix(a.tag, `"`)+`-gzip"`)
		body = a.zipped
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// config answers with the address of the socket, as the 2019 sample's
// config.json does.
func (s *site) config(w http.ResponseWriter, r *http.Request) {
	server := socketURL(false, r.Host)
	if s.public != nil {
		server = socketURL(s.public.Scheme == "https", s.public.Host)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(map[string]string{"server": server}) // an error here is the client's, who went away
}

// fileOf returns which file a path asks for. The paths of rooms are all the page's.
func fileOf(u *url.URL) (name string, ok bool) {
	escaped := u.EscapedPath()
	if escaped == "/" {
		return "index.html", true
	}
	if room, found := strings.CutPrefix(escaped, "/r/"); found && room != "" && !strings.Contains(room, "/") {
		return "index.html", true
	}
	name = strings.TrimPrefix(u.Path, "/")
	if name == "index.html" || !fs.ValidPath(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.HasPrefix(path.Base(name), ".") || strings.Contains(name, "/.") || strings.HasPrefix(name, ".") {
		return "", false
	}
	return name, true
}

func (s *site) load(name string) (*asset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.loaded[name]; a != nil && !s.live {
		return a, nil
	}
	body, err := fs.ReadFile(s.files, name)
	if err != nil {
		if info, e := fs.Stat(s.files, name); e == nil && info.IsDir() {
			return nil, fs.ErrNotExist
		}
		return nil, err
	}
	sum := sha256.Sum256(body)
	a := &asset{body: body, kind: wwwroot.ContentType(name), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	if s.live {
		return a, nil
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(body)
	z.Close()
	if b.Len() < len(body) {
		a.zipped = b.Bytes()
	}
	s.loaded[name] = a
	return a, nil
}
