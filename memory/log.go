package memory

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"parley/chat"
)

// Log is a chat.MessageLog that is as durable as the process. It keeps all
// that is ever said, so it is for tests and demonstrations.
type Log struct {
	epoch string
	mu    sync.RWMutex
	rooms map[string]*roomLog
	turn  uint64 // orders rooms whose newest entries were made in one millisecond
}

type roomLog struct {
	floor   uint64
	entries []chat.Entry // entries[i].Seq is floor+i+1
	once    map[onceKey]uint64
	at      int64 // when the newest entry was made
	turn    uint64
}

func (r *roomLog) head() uint64 { return r.floor + uint64(len(r.entries)) }

// entry returns an entry that was not trimmed.
func (r *roomLog) entry(seq uint64) *chat.Entry { return &r.entries[seq-r.floor-1] }

// onceKey is what makes an entry the same one when it is sent again.
type onceKey struct {
	person chat.PersonID
	id     string
}

var (
	_ chat.MessageLog = (*Log)(nil)
)

// NewLog returns an empty log with an epoch of its own.
func NewLog() *Log {
	return &Log{epoch: rand.Text(), rooms: make(map[string]*roomLog)}
}

// Append adds the entries in their order; see chat.MessageLog. Texts that were
// replaced are no longer referred to.
func (l *Log) Append(ctx context.Context, room string, entries ...chat.Entry) ([]chat.Appended, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, nil
	}
	r, ok := l.rooms[room]
	if !ok {
		r = &roomLog{once: make(map[onceKey]uint64)}
		l.rooms[room] = r
	}
	l.turn++
	result := make([]chat.Appended, len(entries))
	for i, e := range entries {
		result[i] = r.append(e, l.turn)
	}
	return result, nil
}

func (r *roomLog) append(e chat.Entry, turn uint64) chat.Appended {
	key := onceKey{e.Person, e.ID}
	if seq, ok := r.once[key]; ok && e.ID != "" {
		return chat.Appended{Entry: *r.entry(seq), Repeat: true}
	}
	e.Lost, e.Edited, e.Deleted = false, 0, 0
	if e.Kind != chat.KindMessage {
		if first, err := r.mayChange(e); err != nil || first != 0 {
			if err != nil {
				return chat.Appended{Entry: e, Refused: err}
			}
			return chat.Appended{Entry: *r.entry(first), Repeat: true}
		}
	}
	e.Seq = r.head() + 1
	if e.Seq > 1 {
		e.At = max(e.At, r.at)
	}
	r.entries = append(r.entries, e)
	r.at, r.turn = e.At, turn
	if e.Kind != chat.KindMessage {
		r.change(e)
	}
	if e.ID != "" {
		r.once[key] = e.Seq
	}
	return chat.Appended{Entry: e}
}

// mayChange tells why a change must not be added, or the delete that it repeats.
func (r *roomLog) mayChange(e chat.Entry) (first uint64, err error) {
	var target chat.Entry
	if e.Target > r.floor && e.Target <= r.head() {
		target = *r.entry(e.Target)
	}
	return target.Deleted, chat.CheckChange(e, target)
}

func (r *roomLog) change(e chat.Entry) {
	target := r.entry(e.Target)
	if old := target.Edited; old != 0 { // it came after the message, so it was not trimmed either
		r.entry(old).Text = ""
	}
	*target = target.Changed(e)
}

// Extent returns the bounds of a room's log.
func (l *Log) Extent(ctx context.Context, room string) (chat.Extent, error) {
	if err := ctx.Err(); err != nil {
		return chat.Extent{}, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	extent := chat.Extent{Epoch: l.epoch}
	if r, ok := l.rooms[room]; ok {
		extent.Floor, extent.Head = r.floor, r.head()
	}
	return extent, nil
}

// Range returns the entries with from <= Seq <= to, oldest first.
func (l *Log) Range(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	entries, err := l.between(ctx, room, from, to)
	return entries[:fitting(entries, maxBytes)], err
}

// RangeBack returns the same entries newest first.
func (l *Log) RangeBack(ctx context.Context, room string, from, to uint64, maxBytes int) ([]chat.Entry, error) {
	entries, err := l.between(ctx, room, from, to)
	slices.Reverse(entries)
	return entries[:fitting(entries, maxBytes)], err
}

func (l *Log) between(ctx context.Context, room string, from, to uint64) ([]chat.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	r, ok := l.rooms[room]
	if !ok {
		return nil, nil
	}
	from, to = max(from, r.floor+1), min(to, r.head())
	if from > to {
		return nil, nil
	}
	return slices.Clone(r.entries[from-r.floor-1 : to-r.floor]), nil
}

// fitting returns how many of the entries have texts of at most maxBytes
// together, and 1 if there is one but it alone is larger.
func fitting(entries []chat.Entry, maxBytes int) int {
	total := 0
	for i, e := range entries {
		if total += len(e.Text); total > maxBytes && i > 0 {
			return i
		}
	}
	return len(entries)
}

// Rooms returns the rooms with a log, the most recently spoken in first.
func (l *Log) Rooms(ctx context.Context, limit int) ([]chat.RoomHead, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	type spoken struct {
		chat.RoomHead
		turn uint64
	}
	var all []spoken
	for name, r := range l.rooms {
		if r.head() == 0 { // all that was ever asked for was refused
			continue
		}
		all = append(all, spoken{chat.RoomHead{Room: name, Head: r.head(), At: r.at}, r.turn})
	}
	slices.SortFunc(all, func(a, b spoken) int {
		if a.At != b.At {
			return cmp.Compare(b.At, a.At)
		}
		return cmp.Compare(b.turn, a.turn)
	})
	var heads []chat.RoomHead
	for _, s := range all[:max(0, min(limit, len(all)))] {
		heads = append(heads, s.RoomHead)
	}
	return heads, nil
}
