package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// magic is how each SQLite file begins. https://www.sqlite.org/fileformat.html#magic_header_string
var magic = []byte("SQLite format 3\x00")

// makeDirectory makes the data directory, for its owner alone, unless it is
// there. One that is there keeps its permissions: it may be meant for others.
func makeDirectory(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%w: %s is not a directory", ErrNotWritable, dir)
		}
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return syncDirectory(filepath.Dir(dir))
}

// prepareFile makes an empty data file, readable by its owner alone (SQLite
// gives its other files the same permissions), or looks whether the one there
// can be ours. hadLog tells that a write-ahead log stands beside it: the last
// run was not closed.
//
// It must run before SQLite opens the file: closing a descriptor of it later
// would take away SQLite's locks. https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
func prepareFile(path string) (hadLog bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if err := file.Chmod(0o600); err != nil && runtime.GOOS != "windows" {
		return false, err
	}
	head := make([]byte, len(magic))
	switch _, err := io.ReadFull(file, head); {
	case err == io.EOF: // new, or a first start that died at once
		if err := file.Sync(); err != nil {
			return false, err
		}
		return false, syncDirectory(filepath.Dir(path))
	case err != nil && err != io.ErrUnexpectedEOF:
		return false, err
	case !bytes.Equal(head, magic):
		return false, fmt.Errorf("%w, or its beginning is damaged: it does not start as a SQLite file", ErrNotParley)
	}
	switch _, err := os.Stat(path + "-wal"); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, err
	}
}

// syncDirectory makes the names in a directory durable. Windows has no such
// call and does not need it.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
