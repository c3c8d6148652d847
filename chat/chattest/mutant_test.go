package chattest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/chat"
	"parley/chat/chattest"
	"parley/memory"
)

// mutantEnv names the mutant that the test binary runs its suite on.
const mutantEnv = "PARLEY_CHATTEST_MUTANT"

// TestMutants runs the suites on implementations with one bug each, in child
// processes since their tests have to fail, and wants each bug found.
func TestMutants(t *testing.T) {
	if name := os.Getenv(mutantEnv); name != "" {
		mutants[name](t)
		return
	}
	for name := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestMutants$", "-test.failfast", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), mutantEnv+"="+name)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: TestMutants/") {
				t.Errorf("not found: %v\n%s", err, out)
			}
		})
	}
}

var mutants = map[string]func(t *testing.T){
	"log forgets ids": logMutant(func(l *logMutation) {
		l.in = func(e chat.Entry) chat.Entry { e.ID = ""; return e }
	}),
	"log takes ids of all persons for one": logMutant(func(l *logMutation) {
		l.in = func(e chat.Entry) chat.Entry { e.Person = ""; return e }
	}),
	"log trims ids": logMutant(func(l *logMutation) {
		l.in = func(e chat.Entry) chat.Entry { e.ID = strings.TrimRight(e.ID, "\x00 \n"); return e }
	}),
	"log folds rooms": logMutant(func(l *logMutation) { l.room = strings.ToLower }),
	"log mixes calls": logMutant(func(l *logMutation) { l.apart = true }),
	"log ends ranges early": logMutant(func(l *logMutation) {
		l.bounds = func(from, to uint64, n int) (uint64, uint64, int) { return from, max(to, 1) - 1, n }
	}),
	"log counts bytes generously": logMutant(func(l *logMutation) {
		l.bounds = func(from, to uint64, n int) (uint64, uint64, int) { return from, to, n + 1 }
	}),
	"log appends what is cancelled": logMutant(func(l *logMutation) { l.ctx = context.WithoutCancel }),
	"log lists old rooms first":     logMutant(func(l *logMutation) { l.oldFirst = true }),
	"log lets anybody change":       logMutant(func(l *logMutation) { l.anybody = true }),
	"log keeps replaced texts":      logMutant(func(l *logMutation) { l.kept = &sync.Map{} }),
	"log forgets what was edited": logMutant(func(l *logMutation) {
		l.out = func(e chat.Entry) chat.Entry { e.Edited = 0; return e }
	}),
	"log keeps no tombstone": logMutant(func(l *logMutation) {
		l.out = func(e chat.Entry) chat.Entry { e.Deleted = 0; return e }
	}),

	"table calls everybody first":  tableMutant(func(t *tableMutation) { t.first = func(bool) bool { return true } }),
	"table calls nobody last":      tableMutant(func(t *tableMutation) { t.last = func(bool) bool { return false } }),
	"table counts connections":     tableMutant(func(t *tableMutation) { t.in = func(m chat.Member) chat.Member { m.Person += m.Connection; return m } }),
	"table sends plain ones all":   tableMutant(func(t *tableMutation) { t.in = func(m chat.Member) chat.Member { m.Plain = false; return m } }),
	"table counts the nameless":    tableMutant(func(t *tableMutation) { t.in = func(m chat.Member) chat.Member { m.Person += "x"; return m } }),
	"table keeps a first snapshot": tableMutant(func(t *tableMutation) { t.stale = make(map[string][]chat.ConnectionID) }),
	"table ignores limits":         tableMutant(func(t *tableMutation) { t.limit = func(int) int { return 1000 } }),
	"table counts up to the limit": tableMutant(func(t *tableMutation) { t.short = true }),

	"people let names be shared": peopleMutant(func(p *peopleMutation) {
		p.in = func(q chat.Person) chat.Person { q.Skeleton += q.ID; return q }
	}),
	"people release for anybody":  peopleMutant(func(p *peopleMutation) { p.anybody = true }),
	"people never release":        peopleMutant(func(p *peopleMutation) { p.never = true }),
	"people keep half":            peopleMutant(func(p *peopleMutation) { p.half = true }),
	"people write the seen whole": peopleMutant(func(p *peopleMutation) { p.whole = true }),
	"people check, then take":     peopleMutant(func(p *peopleMutation) { p.racy = true }),

	"poster loses the last frame": postMutant(func(p chat.Poster, f [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
		return p.Post(context.Background(), f[:max(len(f), 1)-1], to)
	}),
	"poster reverses": postMutant(func(p chat.Poster, f [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
		return p.Post(context.Background(), reversed(f), to)
	}),
	"poster keeps the gone to itself": postMutant(func(p chat.Poster, f [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
		_, err := p.Post(context.Background(), f, to)
		return nil, err
	}),
	"poster sends twice": postMutant(func(p chat.Poster, f [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
		p.Post(context.Background(), f, to)
		return p.Post(context.Background(), f, to)
	}),
	"poster stops at the first gone": postMutant(func(p chat.Poster, f [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
		for i := range to {
			if gone, err := p.Post(context.Background(), f, to[i:i+1]); len(gone) > 0 || err != nil {
				return gone, err
			}
		}
		return nil, nil
	}),
}

type logMutation struct {
	chat.MessageLog
	in, out  func(chat.Entry) chat.Entry
	room     func(string) string
	bounds   func(from, to uint64, maxBytes int) (uint64, uint64, int)
	ctx      func(context.Context) context.Context
	apart    bool
	oldFirst bool
	anybody  bool
	kept     *sync.Map // texts by room and sequence
}

func logMutant(mutate func(*logMutation)) func(*testing.T) {
	return func(t *testing.T) {
		chattest.MessageLog(t, func(testing.TB) chat.MessageLog {
			m := &logMutation{
				MessageLog: memory.NewLog(),
				in:         func(e chat.Entry) chat.Entry { return e },
				out:        func(e chat.Entry) chat.Entry { return e },
				room:       func(s string) string { return s },
				bounds:     func(from, to uint64, n int) (uint64, uint64, int) { return from, to, n },
				ctx:        func(ctx context.Context) context.Context { return ctx },
			}
			mutate(m)
			return m
		})
	}
}

func (l *logMutation) Append(ctx context.Context, room string, entries ...chat.Entry) (all []chat.Appended, err error) {
	changed := make([]chat.Entry, len(entries))
	for i, e := range entries {
		changed[i] = l.in(e)
		if target, err := l.MessageLog.Range(ctx, room, e.Target, e.Target, 1); l.anybody && err == nil && len(target) == 1 {
			changed[i].Person = target[0].Person
		}
	}
	if l.apart {
		for _, e := range changed {
			one, err := l.MessageLog.Append(ctx, l.room(room), e)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
			time.Sleep(time.Millisecond)
		}
		return all, nil
	}
	all, err = l.MessageLog.Append(l.ctx(ctx), l.room(room), changed...)
	for i := range all { // so that only the log itself shows what was changed
		all[i].ID, all[i].Person = entries[i].ID, entries[i].Person
		if l.kept != nil && all[i].Text != "" {
			l.kept.LoadOrStore(fmt.Sprint(room, all[i].Seq), all[i].Text)
		}
	}
	return all, err
}

func (l *logMutation) Range(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	from, to, maxBytes = l.bounds(from, to, maxBytes)
	entries, err := l.MessageLog.Range(ctx, l.room(room), from, to, maxBytes)
	for i, e := range entries {
		if entries[i] = l.out(e); l.kept != nil && e.Kind == chat.KindEdit {
			if text, ok := l.kept.Load(fmt.Sprint(room, e.Seq)); ok {
				entries[i].Text = text.(string)
			}
		}
	}
	return entries, err
}

func (l *logMutation) Rooms(ctx context.Context, limit int) ([]chat.RoomHead, error) {
	heads, err := l.MessageLog.Rooms(ctx, limit)
	if l.oldFirst {
		slices.Reverse(heads)
	}
	return heads, err
}

type tableMutation struct {
	*memory.Table
	first, last func(bool) bool
	in          func(chat.Member) chat.Member
	limit       func(int) int
	short       bool
	stale       map[string][]chat.ConnectionID
}

func tableMutant(mutate func(*tableMutation)) func(*testing.T) {
	return func(t *testing.T) {
		chattest.ConnectionTable(t, func(testing.TB) chattest.Table {
			same := func(b bool) bool { return b }
			m := &tableMutation{
				Table: memory.NewTable(), first: same, last: same,
				in:    func(m chat.Member) chat.Member { return m },
				limit: func(n int) int { return n },
			}
			mutate(m)
			return m
		})
	}
}

func (t *tableMutation) Join(ctx context.Context, room string, m chat.Member) (bool, error) {
	first, err := t.Table.Join(ctx, room, t.in(m))
	return t.first(first), err
}

func (t *tableMutation) Leave(ctx context.Context, room string, id chat.ConnectionID) (bool, error) {
	last, err := t.Table.Leave(ctx, room, id)
	return t.last(last), err
}

func (t *tableMutation) InRoom(ctx context.Context, room string, to chat.Audience) iter.Seq2[[]chat.ConnectionID, error] {
	return func(yield func([]chat.ConnectionID, error) bool) {
		for page, err := range t.Table.InRoom(ctx, room, to) {
			if t.stale != nil {
				if _, ok := t.stale[room]; !ok {
					t.stale[room] = page
				}
				page = t.stale[room]
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

func (t *tableMutation) Present(ctx context.Context, room string, limit int) ([]chat.PersonID, int, error) {
	people, count, err := t.Table.Present(ctx, room, t.limit(limit))
	if t.short {
		count = len(people)
	}
	return people, count, err
}

type peopleMutation struct {
	chat.People
	in                                func(chat.Person) chat.Person
	anybody, never, half, racy, whole bool
}

func peopleMutant(mutate func(*peopleMutation)) func(*testing.T) {
	return func(t *testing.T) {
		chattest.People(t, func(testing.TB) chat.People {
			m := &peopleMutation{People: memory.NewPeople(), in: func(p chat.Person) chat.Person { return p }}
			mutate(m)
			return m
		})
	}
}

func (p *peopleMutation) PutPerson(ctx context.Context, q chat.Person) error {
	if p.racy {
		holder, err := p.People.PersonByName(ctx, q.Skeleton)
		if err == nil && holder.ID != q.ID {
			return chat.ErrNameTaken
		}
		time.Sleep(time.Millisecond)
		if holder, err = p.People.PersonByName(ctx, q.Skeleton); err == nil && holder.ID != q.ID {
			holder.Skeleton = "" // whoever came between loses it
			p.People.PutPerson(ctx, holder)
		}
	}
	err := p.People.PutPerson(ctx, p.in(q))
	if p.half && errors.Is(err, chat.ErrNameTaken) {
		q.Skeleton = ""
		p.People.PutPerson(ctx, q)
	}
	return err
}

func (p *peopleMutation) NoteSeen(ctx context.Context, id chat.PersonID, at int64) (chat.Person, error) {
	found, err := p.People.Persons(ctx, id)
	if !p.whole || err != nil || len(found) == 0 {
		return p.People.NoteSeen(ctx, id, at)
	}
	time.Sleep(time.Millisecond)
	found[0].Seen, found[0].Holder = max(found[0].Seen, at), ""
	return found[0], p.People.PutPerson(ctx, found[0])
}

func (p *peopleMutation) ReleaseName(ctx context.Context, id chat.PersonID, holder chat.ConnectionID) error {
	if p.never {
		return ctx.Err()
	}
	if found, err := p.People.Persons(ctx, id); p.anybody && err == nil && len(found) == 1 {
		holder = found[0].Holder
	}
	return p.People.ReleaseName(ctx, id, holder)
}

func postMutant(post func(chat.Poster, [][]byte, []chat.ConnectionID) ([]chat.ConnectionID, error)) func(*testing.T) {
	return func(t *testing.T) {
		poster(t, func(p chat.Poster) chat.Poster {
			return posterFunc{p, func(frames [][]byte, to []chat.ConnectionID) ([]chat.ConnectionID, error) {
				return post(p, frames, to)
			}}
		})
	}
}
