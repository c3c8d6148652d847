package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// What may be wrong with a data directory. Errors of this package wrap these;
// each is a sentence for the operator, to which main adds what to do.
var (
	ErrLocked      = errors.New("another parley uses this data directory")
	ErrNotParley   = errors.New("the file was not made by parley")
	ErrNewerSchema = errors.New("the file was made by a newer parley")
	ErrCorrupt     = errors.New("the file is damaged")
	ErrNotWritable = errors.New("the data directory cannot be written to")
	ErrFull        = errors.New("no space is left for the data file")
	ErrDisk        = errors.New("the disk does not take or give back what is in the data file")
	ErrGone        = errors.New("the data file was deleted, moved or replaced while it was in use")
	ErrClosed      = errors.New("the store is closed")
)

// classify wraps an error of the driver or the system in the one of ours that
// it amounts to, if any.
func classify(err error) error {
	if err == nil {
		return nil
	}
	for _, ours := range []error{ErrLocked, ErrNotParley, ErrNewerSchema, ErrCorrupt, ErrNotWritable, ErrFull, ErrDisk, ErrGone} {
		if errors.Is(err, ours) {
			return err
		}
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

func kindOf(err error) error {
	var of *driver.Error
	if errors.As(err, &of) {
		switch of.Code() & 0xff { // the rest of the code is detail: https://www.sqlite.org/rescode.html
		case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB, codes.SQLITE_FORMAT:
			return ErrCorrupt
		case codes.SQLITE_ERROR: // "no such column": our statements fit the schema that the file claims to have
			return ErrCorrupt
		case codes.SQLITE_FULL:
			return ErrFull
		case codes.SQLITE_IOERR:
			if of.Code() == codes.SQLITE_IOERR_SHMSIZE || errors.Is(err, syscall.ENOSPC) { // the index of the log, which is allocated ahead
				return ErrFull
			}
			return ErrDisk
		case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN, codes.SQLITE_PERM:
			return ErrNotWritable
		}
	}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ErrNotWritable
	}
	return nil
}
