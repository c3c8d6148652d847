package chat

import "time"

// accounts keeps what was taken of buckets of late, by who took it. Whose buckets
// are full again is forgotten, and where that is not enough anybody is: a
// stranger who comes as ever another one must not cost memory.
type accounts[A interface{ full(now time.Duration) bool }] struct {
	of    map[string]*A
	prune int // size of the map at which those that are full are looked for
}

// leastToPrune is how many accounts there are before any is looked for that
// could be forgotten. The bound doubles with those that could not, so that the
// cost of looking stays a constant for each account; mostAccounts ends that.
const (
	leastToPrune = 1024
	mostAccounts = 1 << 16
)

// get returns an account, a full one if there is none yet.
func (a *accounts[A]) get(key string, now time.Duration) *A {
	if account := a.of[key]; account != nil {
		return account
	}
	if len(a.of) >= max(leastToPrune, a.prune) {
		a.forgetFull(now)
	}
	if a.of == nil {
		a.of = map[string]*A{}
	}
	account := new(A)
	a.of[key] = account
	return account
}

func (a *accounts[A]) forgetFull(now time.Duration) {
	for key, account := range a.of {
		if (*account).full(now) {
			delete(a.of, key)
		}
	}
	// Whoever is forgotten too soon gains a burst, by which nobody will plan.
	for key := range a.of {
		if len(a.of) <= mostAccounts/4*3 {
			break
		}
		delete(a.of, key)
	}
	a.prune = min(mostAccounts, max(leastToPrune, 2*len(a.of)))
}
