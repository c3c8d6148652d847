//go:build unix

package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock uses flock, not fcntl: fcntl's locks are the process's, so that a
// second Open in the same process would not notice the first.
func tryLock(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

// lockItself locks the directory, or returns ErrLocked. Nil: the file system has
// no such locks (NFS has none for directories), and the file's has to do.
func lockItself(dir string) (*os.File, error) {
	directory, err := os.Open(dir)
	if err != nil {
		return nil, nil // it may be written to and not listed
	}
	if err := tryLock(directory); err != nil {
		directory.Close()
		if errors.Is(err, errHeld) {
			return nil, ErrLocked
		}
		return nil, nil
	}
	return directory, nil
}
