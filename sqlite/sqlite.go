// Package sqlite keeps the message log and the people of the local home in one
// file of a data directory. What a call returned without error is on the disk,
// and stays there through kill -9 and a power cut.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"parley/chat"
)

// FileName is the data file's name in the data directory. While it is open two
// more files stand beside it, FileName-wal and FileName-shm; they belong to it.
const FileName = "parley.db"

// Durability says what an acknowledged message survives.
type Durability string

const (
	// Full survives a power cut: each commit is synced to the disk before it is
	// acknowledged. It is the default.
	Full Durability = "full"
	// Normal survives the death of the process, not that of the machine: after a
	// power cut the last moments may be missing. The store then takes a new
	// epoch, so that clients learn of it instead of reading reused sequences.
	Normal Durability = "normal"
)

// Options is what Open needs to know.
type Options struct {
	Dir        string       // the data directory; it is made if it is missing
	Durability Durability   // empty: Full
	Logger     *slog.Logger // nil: nothing is logged
}

// Store is a chat.MessageLog and a chat.People. One process at a time has it;
// its methods may be called concurrently, and only calls that change something
// wait for each other.
type Store struct {
	path   string
	log    *slog.Logger
	epoch  string
	lock   *directoryLock
	writer *writer
	read   *reader
	people *personCache
}

var (
	_ chat.MessageLog = (*Store)(nil)
	_ chat.People     = (*Store)(nil)
)

// Open opens the store in a data directory, or makes a new one. It takes the
// directory for this process, brings an older schema up to date and recovers
// what a crash left. Errors wrap one of this package's Err values where one
// fits; ctx is for the opening only.
func Open(ctx context.Context, o Options) (*Store, error) {
	return open(ctx, o, migrations)
}

func open(ctx context.Context, o Options, migrations []migration) (_ *Store, err error) {
	if o.Durability == "" {
		o.Durability = Full
	}
	if o.Durability != Full && o.Durability != Normal {
		return nil, fmt.Errorf("durability is %q or %q, not %q", Full, Normal, o.Durability)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{path: filepath.Join(dir, FileName), log: o.Logger}
	defer func() {
		if err != nil {
			s.lock.release()
			err = fmt.Errorf("open %s: %w", s.path, classify(err))
		}
	}()

	if err := makeDirectory(dir); err != nil {
		return nil, err
	}
	if s.lock, err = lockDirectory(dir); err != nil {
		return nil, err
	}
	hadLog, err := prepareFile(s.path)
	if err != nil {
		return nil, err
	}
	conn, err := connectWriter(ctx, s.path)
	if err != nil {
		return nil, err
	}
	begun := false
	defer func() {
		if err != nil && begun {
			endRun(context.WithoutCancel(ctx), conn.Conn) // or the next run would think it crashed
		}
		if err != nil {
			conn.close()
		}
	}()
	if err := identify(ctx, conn.Conn, len(migrations)); err != nil {
		return nil, err
	}
	if err := migrate(ctx, conn.Conn, s.path, migrations); err != nil {
		return nil, err
	}
	if s.epoch, err = beginRun(ctx, conn.Conn, s.path, o.Durability, hadLog, o.Logger); err != nil {
		return nil, err
	}
	begun = true
	if err := finishScrub(ctx, conn.Conn, s.path); err != nil {
		return nil, err
	}
	if err := setSynchronous(ctx, conn.Conn, o.Durability); err != nil {
		return nil, err
	}
	if s.read, err = newReader(ctx, s.path); err != nil {
		return nil, err
	}
	s.people = newPersonCache(cachedPersons)
	if s.writer, err = startWriter(ctx, conn, s.path, s.people); err != nil {
		s.read.close()
		return nil, err
	}
	return s, nil
}

// Ready returns why nothing can be stored at present, nil if it can. Only after
// something could not be stored does it try, and then with a write of its own.
func (s *Store) Ready(ctx context.Context) error {
	if s.writer.failure.Load() == nil {
		return nil
	}
	err := s.writer.submit(ctx, 0, func(b *batch) error {
		_, err := b.conn.ExecContext(b.ctx, "UPDATE meta SET value = value WHERE key = 'closed'")
		return err
	})
	if err != nil {
		return fmt.Errorf("write to the data file: %w", err)
	}
	return nil
}

// Close waits for the calls that are under way, notes that nothing is missing,
// and gives the directory free. Calls that come later get ErrClosed.
func (s *Store) Close() error {
	if !s.writer.stop() {
		return ErrClosed
	}
	// Readers go first: they would keep the write-ahead log from being emptied.
	err := s.read.close()
	if s.writer.scrubbing { // the log is emptied anyway
		wiped, remaking := s.writer.remade(context.Background())
		err = errors.Join(err, remaking, removeCopies(s.path))
		if wiped && err == nil {
			err = unmarkWiped(context.Background(), s.writer.conn.Conn)
		}
	}
	err = errors.Join(err, endRun(context.Background(), s.writer.conn.Conn), s.writer.close())
	if err == nil { // a mark of its own, so that a copy of this run while it lasted is not taken for how it ended
		err = renewMark(filepath.Dir(s.path))
	}
	err = errors.Join(err, s.lock.release())
	if err != nil {
		return fmt.Errorf("close %s: %w", s.path, classify(err))
	}
	return nil
}

// connection is the one connection that writes, and the pool of one it is of.
type connection struct {
	*sql.Conn
	pool *sql.DB
}

func (c connection) close() error {
	return errors.Join(c.Conn.Close(), c.pool.Close())
}
