package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// markName is the file beside the data file that says which one was last in use
// here. A data file that was put back from a backup, or came from elsewhere,
// does not agree with it. Without it the next start takes a new epoch.
const markName = "parley.run"

// mark is what that file says.
type mark struct {
	runs []string // of which one stands in the data file; two while a run begins
	file string   // the data file's identity; empty: the system does not tell
	self string   // the mark's own, which is made anew each time; empty: as above, or of an older parley
	old  bool     // the mark was not made as the file that it stands in
}

// readMark returns what was noted last; nothing, if nothing was.
func readMark(dir string) (m mark, err error) {
	path := filepath.Join(dir, markName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	for line := range strings.Lines(string(text)) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name {
		case "run":
			m.runs = strings.Fields(value)
		case "file":
			m.file = value
		case "self":
			m.self = value
		}
	}
	m.old = m.self != "" && m.self != identity(path)
	return m, err
}

// renewMark makes the mark anew as it is.
func renewMark(dir string) error {
	m, err := readMark(dir)
	if err != nil {
		return err
	}
	return m.write(dir)
}

// write puts the mark in place, whole or not at all, and durable.
func (m mark) write(dir string) error {
	path := filepath.Join(dir, markName)
	if err := os.Remove(path + ".part"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "# Which %s was last in use here. Delete this when you put back a copy of the whole directory.\nrun %s\nfile %s\nself %s\n",
		FileName, strings.Join(m.runs, " "), m.file, identity(path+".part"))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return err
	}
	return syncDirectory(dir)
}

// strange says why a data file cannot be the one that the mark is of; empty if
// it can. run is what stands in the file, "" in one of an older parley.
func (m mark) strange(run, file string) string {
	switch {
	case run == "":
		return ""
	case !slices.Contains(m.runs, run):
		return "the file is not the one that was last in use here: it was restored, or comes from elsewhere"
	case m.file != "" && file != "" && m.file != file:
		return "the file was made anew since it was last in use, as restoring or copying the whole directory does"
	case m.old:
		return "the mark is not the one that was last written here: the whole directory was put back over itself"
	}
	return ""
}
