package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lockName is the file whose lock says that a process has the data directory.
// The lock ends with the process, however it ends; the file stays.
const lockName = "parley.lock"

// errHeld is returned by tryLock when another open file holds the lock.
var errHeld = errors.New("the lock is held")

// directoryLock holds the lock file and, where it can be locked, the directory
// itself: who deletes the file, which looks like litter, must not let a second
// process in.
type directoryLock struct{ file, dir *os.File }

// lockDirectory takes the data directory for this process, or returns
// ErrLocked at once. A second Open in the same process is refused as well.
func lockDirectory(dir string) (*directoryLock, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	if err := tryLock(file); err != nil {
		defer file.Close()
		if !errors.Is(err, errHeld) {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if holder := readHolder(file); holder != 0 {
			return nil, fmt.Errorf("%w (process %d)", ErrLocked, holder)
		}
		return nil, ErrLocked
	}
	directory, err := lockItself(dir)
	if err != nil {
		file.Close()
		return nil, err
	}
	// The number is for the message above; nothing depends on it.
	if err := file.Truncate(0); err == nil {
		file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &directoryLock{file, directory}, nil
}

func readHolder(file *os.File) int {
	text := make([]byte, 20)
	n, _ := file.ReadAt(text, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}

func (l *directoryLock) release() error {
	if l == nil {
		return nil
	}
	err := l.file.Close()
	if l.dir != nil {
		err = errors.Join(err, l.dir.Close())
	}
	return err
}
