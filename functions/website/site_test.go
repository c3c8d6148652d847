package main

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"parley/wwwroot"
)

// TestOrder: of the real page, no file stands before one that it imports, so who
// gets a new file in the middle of an update finds what it needs.
func TestOrder(t *testing.T) {
	files, err := siteFiles(wwwroot.Files(), server)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, f := range files {
		if _, twice := at[f.name]; twice {
			t.Errorf("%s is put twice", f.name)
		}
		at[f.name] = i
	}
	names := 0
	fs.WalkDir(wwwroot.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if _, put := at[name]; !d.IsDir() && !put {
			t.Errorf("%s is not put", name)
		}
		return err
	})
	if at["config.json"] != 0 || at["index.html"] != len(files)-1 {
		t.Errorf("config.json is the %d-th, index.html the %d-th of %d", at["config.json"], at["index.html"], len(files))
	}
	named := regexp.MustCompile(`^(?:import|export|}).* from '(\.[^']+)'|^import '(\.[^']+)'`) // not what a comment imports types from
	for _, f := range files {
		for line := range strings.Lines(string(f.content)) {
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				imported := path.Join(path.Dir(f.name), m[1]+m[2])
				if i, ok := at[imported]; !ok || i > at[f.name] {
					t.Errorf("%s stands before %s, which it imports", f.name, imported)
				}
				names++
			}
		}
	}
	if names < 20 {
		t.Errorf("only %d imports were found", names)
	}
}

// TestOrderOfModules covers what the page does not have: a circle, a module that is not
// there, and import statements of other shapes.
func TestOrderOfModules(t *testing.T) {
	site := fstest.MapFS{}
	for name, content := range map[string]string{
		"index.html": "",
		"a.js":       "import {\n  b,\n} from \"./x/b.js\"\nimport './c.js'\nimport './nowhere.js'\nimport 'https://example.com/d.js'",
		"x/b.js":     "export * from '../d.js'\nexport const e = './e.js'",
		"c.js":       "import './a.js'",
		"d.js":       "// import './z.js'",
		"z.js":       "",
	} {
		site[name] = &fstest.MapFile{Data: []byte(content)}
	}
	files, err := siteFiles(site, server)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, f := range files {
		order = append(order, f.name)
	}
	if want := []string{"config.json", "d.js", "x/b.js", "c.js", "a.js", "z.js", "index.html"}; !slices.Equal(order, want) {
		t.Errorf("the order is %q, want %q", order, want)
	}
}

func TestInvalidPaths(t *testing.T) {
	many := strings.Fields(strings.Repeat("app.js ", maxPaths+1))
	for _, test := range []struct{ changed, want []string }{
		{nil, nil},
		{[]string{"app.js"}, []string{"/app.js"}},
		{[]string{"app.js", "index.html"}, []string{"/app.js", "/index.html", "/"}},
		{[]string{"app.js", "what is this?"}, everything},
		{[]string{"*"}, everything},
		{[]string{"☕"}, everything},
		{many, everything},
		{many[1:], slices.Repeat([]string{"/app.js"}, maxPaths)},
	} {
		if got := invalidPaths(test.changed); !slices.Equal(got, test.want) {
			t.Errorf("of %q: %q, want %q", test.changed, got, test.want)
		}
	}
}
