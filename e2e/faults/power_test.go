//go:build linux

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"parley/chat"
	"parley/sqlite"
)

// promise is what a caller of the store was told.
type promise struct {
	room, id string
	seq      uint64
	epoch    string // of a store that was opened
}

// powerCuts traces what the store does to its files while many speak at once,
// through closings and openings, and then looks at what power cuts at any time
// would have left: the store opens it, all it had promised is there, and it
// goes on in the same epoch.
func powerCuts(t *testing.T, l *ledger) {
	dir := t.TempDir()
	if err := tracing.begin(dir); err != nil {
		t.Fatal(err)
	}
	for run := range 3 {
		speakToStore(t, l, dir, fmt.Sprint("run", run))
	}
	steps := tracing.end()

	cuts := times(300/slower, 10_000)
	at := make([]int, cuts)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range at {
		at[i] = r.IntN(len(steps) + 1)
	}
	slices.Sort(at)
	m := &machine{files: map[string]*stored{sqlite.FileName: {named: true}}} // the store makes it, and syncs it, without SQLite
	var promises []promise
	images := memoryDirectory(t)
	played := 0
	for _, k := range at {
		for ; played < k; played++ {
			m.play(steps[played])
			if steps[played].kind == told {
				promises = append(promises, steps[played].told)
			}
		}
		image, err := os.MkdirTemp(images, "image-")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.cut(r, image); err != nil {
			t.Fatal(err)
		}
		checkImage(l, image, promises, fmt.Sprintf("cut %d of seed %d, after step %d of %d", l.cuts.Add(1), seed, k, len(steps)))
		os.RemoveAll(image)
		if l.isBroken() {
			return
		}
		l.progress(int(l.cuts.Load()))
	}
}

// speakToStore opens a store, has several speak, and closes it.
func speakToStore(t testing.TB, l *ledger, dir, run string) {
	t.Helper()
	const speakers, each, rooms = 6, 60, 3
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	x, err := s.Extent(t.Context(), "room0")
	if err != nil {
		t.Fatal(err)
	}
	tracing.tell(promise{epoch: x.Epoch})
	var all sync.WaitGroup
	for speaker := range speakers {
		all.Go(func() {
			for n := range each {
				room := fmt.Sprint("room", n%rooms)
				var entries []chat.Entry
				for i := range 1 + n%2 {
					id := fmt.Sprintf("%s-%d-%d-%d+%d", run, speaker, n, i, n*50)
					l.send(id)
					entries = append(entries, chat.Entry{Kind: chat.KindMessage, Person: fmt.Sprint("person", speaker), ID: id, Text: textOf(id)})
				}
				appended, err := s.Append(t.Context(), room, entries...)
				if err != nil {
					t.Error(err)
					return
				}
				for _, a := range appended {
					tracing.tell(promise{room: room, id: a.ID, seq: a.Seq})
					l.acknowledged.Add(1)
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// checkImage opens what a power cut has left.
func checkImage(l *ledger, dir string, promises []promise, which string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		l.say(lost, "%s: %v", which, err)
		return
	}
	defer s.Close()
	logs := map[string][]chat.Entry{}
	epoch := ""
	for room := range 3 {
		name := fmt.Sprint("room", room)
		x, err := s.Extent(ctx, name)
		if err == nil {
			epoch = x.Epoch
			logs[name], err = s.Range(ctx, name, 1, x.Head, 1<<30)
		}
		if err != nil {
			l.say(lost, "%s: read %s: %v", which, name, err)
			return
		}
		ids := map[string]bool{}
		for i, e := range logs[name] {
			switch {
			case e.Seq != uint64(i+1) || e.Lost:
				l.say(lost, "%s: entry %d of %s is %+v", which, i+1, name, e)
			case ids[e.ID]:
				l.say(doubled, "%s: %s is twice in %s", which, e.ID, name)
			case !l.sent[e.ID] || e.Text != textOf(e.ID):
				l.say(altered, "%s: entry %d of %s is %+v", which, e.Seq, name, e)
			}
			ids[e.ID] = true
			l.deliveries.Add(1)
		}
	}
	for _, p := range promises {
		switch log := logs[p.room]; {
		case p.epoch != "" && p.epoch != epoch:
			l.say(lost, "%s: the epoch was %s and is %s", which, p.epoch, epoch)
		case p.epoch == "" && (p.seq > uint64(len(log)) || log[p.seq-1].ID != p.id):
			l.say(lost, "%s: %s was acknowledged as %d of %s, which has %d entries", which, p.id, p.seq, p.room, len(log))
			return
		}
	}
	if a, err := s.Append(ctx, "room0", chat.Entry{Kind: chat.KindMessage, Person: "p", ID: "after", Text: "after"}); err != nil || a[0].Seq != uint64(len(logs["room0"])+1) {
		l.say(lost, "%s: then append: %+v, %v", which, a, err)
	}
}

// memoryDirectory is where thousands of images cost no disk.
func memoryDirectory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "parley-faults-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Clean(dir)
}
