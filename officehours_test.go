package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/chat"
)

// tellingOffice is an office that makes one link.
type tellingOffice struct{ office }

func (tellingOffice) OperatorLink(context.Context) (string, error) { return "a link", nil }
func (tellingOffice) Erase(ctx context.Context, id, name string) (chat.PersonID, int, error) {
	return "", 0, chat.ErrNoPerson
}

// Whoever reaches the management port is not yet whoever runs the chat: not
// another user of the machine, and not a web page that a browser on it shows.
func TestOfficeHours(t *testing.T) {
	hours := &officeHours{next: http.NotFoundHandler()}
	server := httptest.NewServer(hours)
	defer server.Close()
	dir := t.TempDir()
	ask := func(method, path, token string, change func(*http.Request)) int {
		t.Helper()
		r, err := http.NewRequest(method, server.URL+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", token)
		if change != nil {
			change(r)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := ask("POST", "/office/link", "Bearer ", nil); got != http.StatusUnauthorized {
		t.Errorf("before it is open: %d", got)
	}
	end, err := hours.begin(tellingOffice{}, dir, strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := findOffice(dir)
	if err != nil {
		t.Fatal(err)
	}
	if link, err := found.OperatorLink(t.Context()); link != "a link" || err != nil {
		t.Errorf("with the token: %q, %v", link, err)
	}
	if _, _, err := found.Erase(t.Context(), "", "nobody"); err != chat.ErrNoPerson {
		t.Errorf("nobody: %v", err)
	}
	token := "Bearer " + hours.open.Load().token
	for name, c := range map[string]struct {
		method, path, token string
		change              func(*http.Request)
		want                int
	}{
		"the token":        {"POST", "/office/link", token, nil, 200},
		"none":             {"POST", "/office/link", "", nil, 401},
		"an empty one":     {"POST", "/office/link", "Bearer ", nil, 401},
		"another one":      {"POST", "/office/link", token + "x", nil, 401},
		"a web page":       {"POST", "/office/link", token, func(r *http.Request) { r.Header.Set("Origin", "http://localhost") }, 403},
		"another name":     {"POST", "/office/link", token, func(r *http.Request) { r.Host = "evil.example" }, 403},
		"a link to follow": {"GET", "/office/link", token, nil, 405},
		"no such errand":   {"POST", "/office/other", token, nil, 404},
		"something else":   {"GET", "/healthz", "", nil, 404}, // next answers it
	} {
		if got := ask(c.method, c.path, c.token, c.change); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	end()
	if _, err := os.Stat(filepath.Join(dir, officeFile)); err == nil {
		t.Error("the file stays")
	}
	if got := ask("POST", "/office/link", token, nil); got != http.StatusUnauthorized {
		t.Errorf("after it has closed: %d", got)
	}
}
