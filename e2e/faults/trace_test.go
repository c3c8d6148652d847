//go:build linux

package faults

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A trace is what SQLite does to its files, in order, and between that what it
// has promised to others by then. It comes from a VFS that stands before
// SQLite's own, which does everything as always.
// https://www.sqlite.org/vfs.html
type trace struct {
	mu    sync.Mutex
	dir   string // the data directory that is traced; empty: none
	steps []step
	mark  []byte             // of which run the data is, as the store noted it last
	open  map[uintptr]string // names by sqlite3_file
}

type step struct {
	kind   stepKind
	file   string // base name
	offset int64  // of write; the new size for truncate
	data   []byte
	told   promise
}

type stepKind int

const (
	created stepKind = iota
	written
	truncated
	synced
	deleted
	deletedForGood // and the directory was synced
	marked         // the store replaced its mark, for good
	told           // a caller was told that something is durable
)

// tracing is the one trace: SQLite knows its file systems by process.
var tracing = &trace{open: map[uintptr]string{}}

// begin traces what happens to the files of a directory from now on.
func (t *trace) begin(dir string) error {
	beneath.once.Do(standBefore)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dir, t.steps, t.mark = dir, nil, nil
	return beneath.err
}

// end returns what happened.
func (t *trace) end() []step {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dir = ""
	return t.steps
}

func (t *trace) tell(p promise) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	t.steps = append(t.steps, step{kind: told, told: p})
}

// add notes a step; an open file has a name only if it is traced.
func (t *trace) add(name string, s step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dir != "" && filepath.Dir(name) == t.dir && !strings.HasSuffix(name, "-shm") {
		t.look()
		s.file = filepath.Base(name)
		t.steps = append(t.steps, s)
	}
}

// markName is the one file of the store's that SQLite does not write. Each is
// synced and renamed into place before SQLite's next step.
const markName = "parley.run"

// look notes a new mark. It leaves out which inode the data file has: an image
// has another one.
func (t *trace) look() {
	text, _ := os.ReadFile(filepath.Join(t.dir, markName))
	if text, _, _ = bytes.Cut(text, []byte("\nfile ")); !bytes.Equal(text, t.mark) {
		t.mark = text
		t.steps = append(t.steps, step{kind: marked, file: markName, data: append(bytes.Clone(text), '\n')})
	}
}

func (t *trace) name(file uintptr) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[file]
}

// beneath is SQLite's own file system, and how it is reached.
var beneath struct {
	once    sync.Once
	err     error
	vfs     sqlite3.Tsqlite3_vfs
	methods map[uintptr]uintptr // ours by SQLite's own
	own     sqlite3.Tsqlite3_io_methods
}

// A function's address in a C structure is what a Go variable of it holds.
func address[F any](f *F) uintptr { return *(*uintptr)(unsafe.Pointer(f)) }

func function[F any](address *uintptr) F { return *(*F)(unsafe.Pointer(address)) }

// at is what is in SQLite's memory at an address.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

type (
	openFunction     func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	deleteFunction   func(tls *libc.TLS, vfs, name uintptr, syncDirectory int32) int32
	writeFunction    func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	truncateFunction func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunction     func(tls *libc.TLS, file uintptr, flags int32) int32
	closeFunction    func(tls *libc.TLS, file uintptr) int32
)

// They are referred to here for as long as the process lives: SQLite's memory
// keeps nothing alive.
var (
	ourOpen     openFunction     = openTraced
	ourDelete   deleteFunction   = deleteTraced
	ourWrite    writeFunction    = writeTraced
	ourTruncate truncateFunction = truncateTraced
	ourSync     syncFunction     = syncTraced
	ourClose    closeFunction    = closeTraced
)

// standBefore makes a copy of the default file system that is traced, and makes
// that the default.
func standBefore() {
	tls := libc.NewTLS()
	own := sqlite3.Xsqlite3_vfs_find(tls, 0)
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(beneath.vfs)))
	if own == 0 || ours == 0 {
		beneath.err = errors.New("SQLite has no file system")
		return
	}
	beneath.methods = map[uintptr]uintptr{}
	beneath.vfs = *at[sqlite3.Tsqlite3_vfs](own)
	vfs := beneath.vfs
	vfs.FpNext, vfs.FxOpen, vfs.FxDelete = 0, address(&ourOpen), address(&ourDelete)
	if vfs.FzName, beneath.err = libc.CString("traced"); beneath.err != nil {
		return
	}
	*at[sqlite3.Tsqlite3_vfs](ours) = vfs
	if code := sqlite3.Xsqlite3_vfs_register(tls, ours, 1); code != sqlite3.SQLITE_OK {
		beneath.err = errors.New("SQLite does not take another file system")
	}
}

func openTraced(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	code := function[openFunction](&beneath.vfs.FxOpen)(tls, vfs, name, file, flags, outFlags)
	if code != sqlite3.SQLITE_OK || name == 0 || flags&(sqlite3.SQLITE_OPEN_MAIN_DB|sqlite3.SQLITE_OPEN_WAL|sqlite3.SQLITE_OPEN_MAIN_JOURNAL) == 0 {
		return code
	}
	path := libc.GoString(name)
	f := at[sqlite3.Tsqlite3_file](file)
	tracing.mu.Lock()
	tracing.open[file] = path
	ours := beneath.methods[f.FpMethods]
	if ours == 0 {
		ours = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(beneath.own)))
		methods := *at[sqlite3.Tsqlite3_io_methods](f.FpMethods)
		beneath.own = methods // all kinds of locking write the same way
		methods.FxWrite, methods.FxTruncate, methods.FxSync, methods.FxClose = address(&ourWrite), address(&ourTruncate), address(&ourSync), address(&ourClose)
		*at[sqlite3.Tsqlite3_io_methods](ours) = methods
		beneath.methods[f.FpMethods] = ours
	}
	tracing.mu.Unlock()
	f.FpMethods = ours
	if flags&sqlite3.SQLITE_OPEN_CREATE != 0 {
		tracing.add(path, step{kind: created})
	}
	return code
}

func writeTraced(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	code := function[writeFunction](&beneath.own.FxWrite)(tls, file, data, n, offset)
	if code == sqlite3.SQLITE_OK {
		tracing.add(tracing.name(file), step{kind: written, offset: offset, data: bytes.Clone(unsafe.Slice(at[byte](data), n))})
	}
	return code
}

func truncateTraced(tls *libc.TLS, file uintptr, size int64) int32 {
	code := function[truncateFunction](&beneath.own.FxTruncate)(tls, file, size)
	if code == sqlite3.SQLITE_OK {
		tracing.add(tracing.name(file), step{kind: truncated, offset: size})
	}
	return code
}

func syncTraced(tls *libc.TLS, file uintptr, flags int32) int32 {
	code := function[syncFunction](&beneath.own.FxSync)(tls, file, flags)
	if code == sqlite3.SQLITE_OK {
		tracing.add(tracing.name(file), step{kind: synced})
	}
	return code
}

func deleteTraced(tls *libc.TLS, vfs, name uintptr, syncDirectory int32) int32 {
	code := function[deleteFunction](&beneath.vfs.FxDelete)(tls, vfs, name, syncDirectory)
	if code == sqlite3.SQLITE_OK {
		kind := deleted
		if syncDirectory != 0 {
			kind = deletedForGood
		}
		tracing.add(libc.GoString(name), step{kind: kind})
	}
	return code
}

func closeTraced(tls *libc.TLS, file uintptr) int32 {
	tracing.mu.Lock()
	delete(tracing.open, file)
	tracing.mu.Unlock()
	return function[closeFunction](&beneath.own.FxClose)(tls, file)
}
