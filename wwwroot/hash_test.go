package wwwroot

import (
	"regexp"
	"testing"
	"testing/fstest"
)

// TestHash: whatever a browser would see otherwise has another hash.
func TestHash(t *testing.T) {
	if first, again := Hash(), Hash(); !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(first) || again != first {
		t.Errorf("the site's hash is %q, then %q", first, again)
	}
	seen := map[string]string{}
	for what, site := range map[string]map[string]string{
		"a site":           {"index.html": "a", "sdk/b.js": "b"},
		"content":          {"index.html": "a", "sdk/b.js": "c"},
		"a name":           {"index.html": "a", "sdk/c.js": "b"},
		"a folder":         {"index.html": "a", "b.js": "b"},
		"swapped":          {"index.html": "b", "sdk/b.js": "a"},
		"one more, empty":  {"index.html": "a", "sdk/b.js": "b", "sdk/c.js": ""},
		"one less":         {"index.html": "a"},
		"name and content": {"index.htmla": "", "sdk/b.js": "b"},
	} {
		files := fstest.MapFS{}
		for name, content := range site {
			files[name] = &fstest.MapFile{Data: []byte(content)}
		}
		hash := hashOf(files)
		if other := seen[hash]; other != "" {
			t.Errorf("%q and %q have one hash", what, other)
		}
		seen[hash] = what
		if again := hashOf(files); again != hash {
			t.Errorf("%q: %s, then %s", what, hash, again)
		}
	}
}
