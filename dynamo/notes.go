package dynamo

import (
	"slices"
	"sync"

	"parley/chat"
)

// notedConnections is how many connections' notes a process remembers at least.
const notedConnections = 512

// notedLeft is how many rooms one is noted to have left: all that it may be in.
const notedLeft = 32

// notes remember what this process itself has just done for a connection, which
// saves writes: chat puts a connection with its rooms, then joins them, so that
// Join need not write down a second time where the connection is; and it leaves
// rooms before it deletes a connection. A note that is not there costs one
// write more, nothing else. The zero value is ready.
type notes struct {
	mu         sync.Mutex
	young, old map[chat.ConnectionID]note // two halves: the older one is thrown away whole
}

type note struct {
	person chat.PersonID // whose it was when it was put or read last
	rooms  []string      // as put last
	left   []string      // left since then; at most notedLeft
}

func (n *notes) get(id chat.ConnectionID) note {
	if known, ok := n.young[id]; ok {
		return known
	}
	return n.old[id]
}

func (n *notes) set(id chat.ConnectionID, known note) {
	if n.young == nil || len(n.young) >= notedConnections {
		n.old, n.young = n.young, make(map[chat.ConnectionID]note)
	}
	n.young[id] = known
}

func (n *notes) put(id chat.ConnectionID, person chat.PersonID, rooms []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.set(id, note{person: person, rooms: slices.Clone(rooms)})
}

func (n *notes) read(id chat.ConnectionID, person chat.PersonID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.get(id); known.person != person {
		known.person = person
		n.set(id, known)
	}
}

func (n *notes) person(id chat.ConnectionID) chat.PersonID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.get(id).person
}

// joined tells whether the connection's row lists the room.
func (n *notes) joined(id chat.ConnectionID, room string) (listed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := n.get(id)
	if slices.Contains(known.left, room) {
		known.left = slices.DeleteFunc(slices.Clone(known.left), func(l string) bool { return l == room })
		n.set(id, known)
	}
	return slices.Contains(known.rooms, room)
}

func (n *notes) leave(id chat.ConnectionID, room string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.get(id); len(known.left) < notedLeft {
		known.left = append(slices.Clip(known.left), room)
		n.set(id, known)
	}
}

func (n *notes) hasLeft(id chat.ConnectionID, room string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.get(id).left, room)
}

func (n *notes) forget(id chat.ConnectionID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.young, id)
	delete(n.old, id)
}
