package chat

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"parley/protocol"
)

// reservedFor is for how long nobody else may have the name of a session that
// was not seen, in milliseconds.
const reservedFor = 30 * day

// reservedWords are names that would pass for the chat itself, or for those who
// run it.
var reservedWords = bySkeleton(
	"admin", "administrator", "all", "bot", "channel", "everyone", "here", "host", "mod", "moderator", "official", "operator", "owner",
	"parley", "root", "security", "server", "service", "staff", "support", "sysop", "system", "you", "me",
)

func bySkeleton(words ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words {
		set[Skeleton(w)] = true
	}
	return set
}

// core is the letters of a name that are left of its skeleton when digits and
// signs are taken away: what somebody reads who reads in a hurry.
func core(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, Skeleton(name))
}

// mayBeCalled refuses names that pass for those who keep order: words for it,
// and the names of operators and moderators with signs and digits about them.
// It does not bind those themselves.
func (c *Chat) mayBeCalled(ctx context.Context, p Person, name string) error {
	if c.Rules == nil {
		return nil
	}
	return c.decide(ctx, func(b rulebook) error { return c.keepersName(ctx, &b, p, name) })
}

func (c *Chat) keepersName(ctx context.Context, b *rulebook, p Person, name string) error {
	if rank(b.role(p.ID)) > 0 {
		return nil
	}
	refused := protocol.Errorf(protocol.NameReserved, "%s is kept for those who run the chat. Take another name.", name)
	bare := core(name)
	plain := core(strings.Map(func(r rune) rune { // without flags and the like
		if framed(r) != 0 {
			return -1
		}
		return r
	}, name))
	if reservedWords[Skeleton(name)] || reservedWords[bare] || reservedWords[plain] {
		return refused
	}
	var keepers []PersonID
	for key := range b.rules {
		if key.kind == RuleRole && rank(b.role(key.subject)) > 0 {
			keepers = append(keepers, key.subject)
		}
	}
	if bare == "" || len(keepers) == 0 {
		return nil
	}
	found, err := c.People.Persons(ctx, keepers...)
	if err != nil {
		return fmt.Errorf("names of moderators: %w", err)
	}
	for _, keeper := range found {
		if of := core(keeper.Name); of != "" && (of == bare || of == plain) {
			return refused
		}
	}
	return nil
}
