package wwwroot

import (
	"cmp"
	"io/fs"
	"slices"

	"parley/protocol"
)

// Specification is the file beside the page in which the wire is specified. It is
// written and kept in package protocol.
const Specification = "asyncapi.yaml"

// WithSpecification is a site with that file. A site's own of that name is not seen.
func WithSpecification(site fs.FS) fs.FS { return specified{site} }

type specified struct{ fs.FS }

func (s specified) Open(name string) (fs.File, error) {
	if name == Specification {
		return protocol.Specification.Open(name)
	}
	return s.FS.Open(name)
}

// ReadDir lets fs.WalkDir find it.
func (s specified) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	if err != nil || name != "." {
		return entries, err
	}
	own, err := protocol.Specification.ReadDir(name)
	entries = append(slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == Specification }), own...)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}
