package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// place is where the data file and its write-ahead log were when they were
// opened. Both can be deleted, moved or replaced while they are open: what is
// written then goes into files that nobody will find again, and SQLite does not
// notice. Looking costs two calls of the system, some 3 µs, at each commit.
type place struct {
	names []string
	files []os.FileInfo
}

func findPlace(path string) (*place, error) {
	p := &place{names: []string{path, path + "-wal"}}
	for _, name := range p.names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		os.SameFile(info, info) // Windows looks up only now which file it is
		p.files = append(p.files, info)
	}
	return p, nil
}

// check returns ErrGone unless the files are still there. One that was only
// moved away is taken into use again when it is back.
func (p *place) check() error {
	for i, name := range p.names {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, p.files[i]) {
			return fmt.Errorf("%w: %s", ErrGone, name)
		}
	}
	return nil
}
