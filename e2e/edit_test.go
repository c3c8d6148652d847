package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// filesWith returns which files below a directory have a text in them.
func filesWith(t testing.TB, dir, text string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			found = append(found, f.Name())
		}
	}
	return found
}

// TestTextsAreGone looks for what was edited and deleted in all files of the
// data directory: within a minute while the program runs, at once when it ends,
// and when it starts again after a crash.
func TestTextsAreGone(t *testing.T) {
	t.Parallel()
	const secret = "correct horse battery staple"
	change := func(p *program) {
		c := enter(t, p, fmt.Sprint("Ada ", time.Now().UnixNano()))
		for i := range 20 {
			c.send(map[string]any{"type": "message", "id": fmt.Sprint("m", i), "text": fmt.Sprint(secret, strings.Repeat(" x", 150*i))})
			m := c.next("message", "error")
			c.send(map[string]any{"type": "edit", "id": fmt.Sprint("e", i), "target": m.Seq, "text": fmt.Sprint(secret, " again")})
			if e := c.next("edit", "error"); e.Type != "edit" {
				t.Fatal(e.raw)
			}
			if i%2 == 0 {
				c.send(map[string]any{"type": "delete", "id": fmt.Sprint("d", i), "target": m.Seq})
			} else {
				c.send(map[string]any{"type": "edit", "id": fmt.Sprint("f", i), "target": m.Seq, "text": "kept"})
			}
			if e := c.next("edit", "delete", "error"); e.Type == "error" {
				t.Fatal(e.raw)
			}
		}
		if len(filesWith(t, p.data, secret)) == 0 {
			t.Fatal("there was never anything to find")
		}
	}
	p := start(t)
	change(p)
	for begun := time.Now(); len(filesWith(t, p.data, secret)) > 0; time.Sleep(time.Second) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("after a minute still in %v", filesWith(t, p.data, secret))
		}
	}
	change(p)
	p.kill()
	p = p.again()
	if found := filesWith(t, p.data, secret); len(found) > 0 {
		t.Errorf("after a crash and a start, still in %v", found)
	}
	change(p)
	p.terminate()
	if found := filesWith(t, p.data, secret); len(found) > 0 {
		t.Errorf("after the end, still in %v", found)
	}
}
