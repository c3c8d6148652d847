//go:build linux

package faults

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/sqlite"
)

// flippedBytes damages texts in the closed data file. What is damaged is told
// as lost, and nothing else: never as something that nobody said.
func flippedBytes(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	w.add(2, s.socket(), "general", 2, nil)
	w.until(200)
	w.settle(s.socket())
	s.terminate()
	before := file(t, s)
	_, stored := mustRead(t, l, s, before)

	for range times(3, 100) {
		damaged, changed := map[string]bool{}, bytes.Clone(before)
		for range 5 {
			e := stored[rand.IntN(len(stored))]
			at := bytes.Index(before, []byte(textOf(e.ID)))
			if at < 0 || damaged[e.ID] { // over several pages; twice may be as before
				continue
			}
			changed[at+rand.IntN(len(textOf(e.ID)))] ^= 1
			damaged[e.ID] = true
		}
		_, now := mustRead(t, l, s, changed)
		for i, e := range now {
			if want := stored[i].ID; e.Lost != damaged[want] || !e.Lost && (e.ID != want || e.Text != textOf(want)) {
				l.say(altered, "entry %d was %s, damaged %v, and is served as %+v", e.Seq, want, damaged[want], e)
			}
		}
	}

	// Anywhere: it serves what is unaltered, or refuses and says why.
	for range times(4, 200) {
		changed := bytes.Clone(before)
		for range 20 {
			changed[rand.IntN(len(changed))] ^= byte(1 + rand.IntN(255))
		}
		put(t, s, changed)
		if err := s.tryStart(); err != nil {
			<-s.ended
			if code := s.command.ProcessState.ExitCode(); code != 4 || !strings.Contains(s.output.tail(1), "hint: ") {
				t.Errorf("with a damaged file it ended with exit code %d: %v", code, err)
			}
			continue
		}
		if _, now, err := history(t.Context(), s.socket(), "general"); err == nil {
			for _, e := range now {
				if !e.Lost && (e.ID != stored[e.Seq-1].ID || e.Text != textOf(e.ID)) {
					l.say(altered, "entry %d was %s and is served as %+v", e.Seq, stored[e.Seq-1].ID, e)
				}
			}
		}
		s.kill()
	}
}

func file(t testing.TB, s *server) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put replaces the data of a server that does not run.
func put(t testing.TB, s *server, file []byte) {
	t.Helper()
	path := filepath.Join(s.data, sqlite.FileName)
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		os.Remove(name)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// mustRead starts the server with this file, reads the general room and kills it.
func mustRead(t testing.TB, l *ledger, s *server, file []byte) (epoch string, stored []entry) {
	t.Helper()
	put(t, s, file)
	s.start()
	defer s.kill()
	epoch, stored, err := history(t.Context(), s.socket(), "general")
	if err != nil {
		l.say(lost, "history: %v", err)
	}
	return epoch, stored
}

// restored has an old copy of the data file put back, as somebody does after a
// disk has died: sequences are given out again, and everybody is told.
func restored(t *testing.T, l *ledger) {
	s := serve(t)
	w := newLoad(l)
	w.add(3, s.socket(), "general", 2, nil)
	w.until(100)
	s.kill() // with the first messages in the file, by the next start
	s.start()
	w.until(50)
	copied := file(t, s)
	w.until(200)
	s.kill()
	l.kills.Add(2)
	before := w.restarts.Load()
	put(t, s, copied)
	s.start()
	w.until(300)
	w.settle(s.socket())
	if told := w.restarts.Load() - before; told < int64(len(w.clients)) {
		l.say(forgotten, "%d of %d clients were told that the log is another one", told, len(w.clients))
	}
}

// readOnly takes the right to write to the data directory: the server that has
// it open goes on, another one says why it does not start, and nothing is lost.
func readOnly(t *testing.T, l *ledger) {
	s := &server{t: t, host: "127.0.0.1:0", output: &output{}}
	var err error
	if s.data, err = os.MkdirTemp(scratch, "read-only-"); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // to whom permissions mean nothing
		const nobody = 65534
		if err := errors.Join(os.Chmod(scratch, 0o755), os.Chown(s.data, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
		s.as = nobody
	}
	s.start()
	w := newLoad(l)
	w.add(3, s.socket(), "general", 2, nil)
	w.until(50)
	if err := os.Chmod(s.data, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(s.data, 0o700) })
	w.goesOn(50, "while the directory could not be written to")
	os.Chmod(s.data, 0o700)
	s.terminate() // in order, so that it would have to make its files anew
	os.Chmod(s.data, 0o500)
	if err := s.tryStart(); err == nil {
		t.Error("it starts in a directory that it cannot write to")
		s.kill()
	} else if code := s.command.ProcessState.ExitCode(); code != 4 || !strings.Contains(s.output.tail(1), "hint: ") {
		t.Errorf("in a read-only directory it ended with exit code %d: %v", code, err)
	}
	os.Chmod(s.data, 0o700)
	s.start()
	w.until(20)
	w.settle(s.socket())
}
