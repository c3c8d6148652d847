package gateway

import (
	"log/slog"
	"sync"
	"time"
)

// oftenInterval is how often a message that strangers can cause is logged, with how often it came meanwhile.
const oftenInterval = 10 * time.Second

// often logs what strangers can cause as often as they like: the first time, and then its number every oftenInterval
// while it goes on. Messages are constants of this package, so there are few.
type often struct {
	log *slog.Logger
	now func() time.Duration

	mu   sync.Mutex
	seen map[string]*repeats
}

type repeats struct {
	since time.Duration
	more  int // beside the one that was logged
}

// info logs a message, or counts it.
func (o *often) info(message string, about ...any) {
	o.mu.Lock()
	now := o.now()
	if r := o.seen[message]; r != nil {
		r.more++
		o.mu.Unlock()
		return
	}
	if o.seen == nil {
		o.seen = map[string]*repeats{}
	}
	o.seen[message] = &repeats{since: now}
	o.mu.Unlock()
	o.log.Info(message, about...)
}

// tell logs how often each message came in the time that is over. The sweep calls it, and Shutdown in the end.
func (o *often) tell(now time.Duration, all bool) {
	type line struct {
		message string
		more    int
	}
	var lines []line
	o.mu.Lock()
	for message, r := range o.seen {
		if !all && now-r.since < oftenInterval {
			continue
		}
		if r.more == 0 {
			delete(o.seen, message)
			continue
		}
		lines = append(lines, line{message, r.more})
		r.since, r.more = now, 0
	}
	o.mu.Unlock()
	for _, l := range lines {
		o.log.Info(l.message, "more", l.more, "within", oftenInterval)
	}
}
