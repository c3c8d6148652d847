package sqlite

import (
	"sync"

	"parley/chat"
)

// cachedPersons is how many persons are answered from memory at least: about
// 300 bytes each, and each message looks its speaker up.
const cachedPersons = 4096

// personCache remembers persons as they are in the file. It may, since one
// process has the file and its one writer tells of each change.
type personCache struct {
	mu      sync.Mutex
	persons *recent[chat.PersonID, chat.Person]
	changes uint64 // how often the file changed
}

func newPersonCache(limit int) *personCache {
	return &personCache{persons: newRecent[chat.PersonID, chat.Person](limit)}
}

// get returns a person, or the number to give to fill after reading the file.
func (c *personCache) get(id chat.PersonID) (p chat.Person, ok bool, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok = c.persons.get(id)
	return p, ok, c.changes
}

// fill remembers what was read from the file, unless the file has changed since
// get: then it may have been read before the change.
func (c *personCache) fill(p chat.Person, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes {
		c.persons.put(p.ID, p)
	}
}

// put is for the writer, after the commit and before it answers.
func (c *personCache) put(p chat.Person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.persons.put(p.ID, p)
}

// forget is for the writer, when it has changed part of a person.
func (c *personCache) forget(id chat.PersonID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	c.persons.delete(id)
}

// clear forgets all of them.
func (c *personCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.persons.clear()
}
