package wwwroot

import (
	"bytes"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"parley/protocol"
)

// TestSpecification: it is one of the site's files, whatever else the site has, so
// that it is in the site's hash, and gets into the bucket.
func TestSpecification(t *testing.T) {
	plain := fstest.MapFS{"index.html": {Data: []byte("page")}, "app.js": {Data: []byte("app")}, "sdk/chat.js": {Data: []byte("chat")}}
	with := fstest.MapFS{Specification: {Data: []byte("another")}, "index.html": {Data: []byte("page")}, "app.js": {Data: []byte("app")}, "sdk/chat.js": {Data: []byte("chat")}}
	for what, site := range map[string]fs.FS{"the site": Files(), "a folder": WithSpecification(plain), "a folder with one of its own": WithSpecification(with)} {
		var seen []string
		err := fs.WalkDir(site, ".", func(path string, d fs.DirEntry, err error) error {
			seen = append(seen, path)
			return err
		})
		if err != nil || !slices.Contains(seen, "sdk/chat.js") || len(slices.Compact(slices.Clone(seen))) != len(seen) || !slices.Contains(seen, Specification) {
			t.Errorf("%s has %q, %v", what, seen, err)
		}
		text, err := fs.ReadFile(site, Specification)
		if err != nil || !bytes.Equal(text, protocol.AsyncAPI) {
			t.Errorf("%s: %d bytes of the specification, %v", what, len(text), err)
		}
	}
	if hashOf(files) == Hash() {
		t.Error("the hash leaves the specification out")
	}
	if hashOf(WithSpecification(plain)) != hashOf(WithSpecification(with)) {
		t.Error("the hash counts what is not seen")
	}
}
