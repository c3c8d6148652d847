package chat

import "sync"

// kept are pages of rooms as they were read and encoded last: the newest one, which
// everybody who comes is told, and those from one position, which all who were
// there are told who come back at once. They are for a home whose log no other
// process changes.
//
// A page is of one extent of its log. Whatever adds to a log raises its head, an
// edit and a delete too, and what is trimmed raises its floor; who is forgotten
// (Eraser.ForgetSender) changes neither. But texts that were wiped are not to lie
// about here either, so all these drop pages, after it is done. A page that was
// read meanwhile is not kept: its shelf is no longer the room's. The zero value
// keeps nothing.
type kept struct {
	limit   int // bytes of entries
	mu      sync.Mutex
	shelves map[string]*shelf
	bytes   int
}

// shelf has the pages of one room that have one extent.
type shelf struct {
	extent Extent
	pages  map[uint64]*page // by the position they follow; of the newest newestPage
	bytes  int
}

// newestPage is no position: a log's sequences end below it.
const newestPage = ^uint64(0)

// shelfBytes is what a shelf and a page count for beside their entries.
const shelfBytes = 512

// shelf returns a room's shelf. It is asked for before anything is read that may
// be put on it.
func (k *kept) shelf(room string) *shelf {
	if k.limit == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.shelves[room]
	if s == nil {
		if k.shelves == nil || k.bytes+shelfBytes > k.limit {
			k.shelves, k.bytes = map[string]*shelf{}, 0
		}
		s = &shelf{pages: map[uint64]*page{}, bytes: shelfBytes}
		k.shelves[room] = s
		k.bytes += s.bytes
	}
	return s
}

// get returns a copy of a page's outside; its entries are not to be changed.
func (k *kept) get(s *shelf, x Extent, after uint64) (p page, ok bool) {
	if s == nil {
		return p, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := s.pages[after]; known != nil && s.extent == x {
		return *known, true
	}
	return p, false
}

// put keeps a page on the shelf, if that is still the room's. Where there is no
// place all is thrown away.
func (k *kept) put(s *shelf, x Extent, after uint64, p page) {
	if s == nil {
		return
	}
	size := shelfBytes
	for _, e := range p.messages {
		size += len(e)
	}
	for _, e := range p.changes {
		size += len(e)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shelves[p.Room] != s {
		return
	}
	if s.extent != x {
		k.bytes -= s.bytes - shelfBytes
		s.extent, s.pages, s.bytes = x, map[uint64]*page{}, shelfBytes
	}
	if s.pages[after] != nil {
		return // another one came at the same time
	}
	if k.bytes+size > k.limit {
		k.shelves, k.bytes = nil, 0
		return
	}
	s.pages[after] = &p
	s.bytes += size
	k.bytes += size
}

// drop forgets a room's pages.
func (k *kept) drop(room string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.shelves[room]; s != nil {
		k.bytes -= s.bytes
		delete(k.shelves, room)
	}
}

// dropAll forgets all pages.
func (k *kept) dropAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shelves, k.bytes = nil, 0
}
