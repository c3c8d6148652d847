package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"parley/sqlite"
)

// dataDir is where messages and people are kept: --data, else what systemd
// gives (StateDirectory=), else the user's data folder.
// https://specifications.freedesktop.org/basedir-spec/latest/
func (s *serveCmd) dataDir(getenv func(string) string) (string, error) {
	if s.Data != "" {
		return s.Data, nil
	}
	if dir := getenv("STATE_DIRECTORY"); dir != "" {
		return filepath.SplitList(dir)[0], nil
	}
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "parley"), nil
	}
	for _, home := range []string{getenv("HOME"), getenv("USERPROFILE")} {
		if home != "" {
			return filepath.Join(home, ".local", "share", "parley"), nil
		}
	}
	return "", &failure{err: errors.New("there is no home directory to keep data in"), hint: "parley serve --data DIR", code: exitData}
}

// openStore opens the data directory, or says what to do where that cannot be.
func (s *serveCmd) openStore(ctx context.Context, getenv func(string) string, logger *slog.Logger) (*sqlite.Store, string, error) {
	dir, err := s.dataDir(getenv)
	if err != nil {
		return nil, "", err
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, Durability: sqlite.Durability(s.Durability), Logger: logger})
	if err == nil {
		return store, dir, nil
	}
	hints := map[error]string{
		sqlite.ErrLocked:      "stop the other one, or give this one its own: parley serve --data DIR",
		sqlite.ErrNotParley:   "give another directory: parley serve --data DIR",
		sqlite.ErrNewerSchema: "use the parley that made it, or a newer one; its data is untouched",
		sqlite.ErrCorrupt:     "restore a copy, or move the file away to begin anew; it has not been changed",
		sqlite.ErrNotWritable: "give a directory that you may write to: parley serve --data DIR",
		sqlite.ErrFull:        "free some space, or give another directory: parley serve --data DIR",
		sqlite.ErrGone:        "put it back, or stop this parley: nothing more is stored until then",
		sqlite.ErrDisk:        "look whether the disk is full or failing; keep a copy of the directory before anything else",
	}
	f := &failure{err: err, code: exitData}
	for cause, hint := range hints {
		if errors.Is(err, cause) {
			f.hint = hint
		}
	}
	return nil, "", f
}
