package conform

import (
	"context"

	"parley/protocol"
)

func limitCases() []Case {
	return []Case{
		{"limit/flood", "Who is quicker than the server takes would lose what was said, or say it twice.", needsLimits, limitFlood},
	}
}

func needsLimits(t Target) string {
	if !t.Limits {
		return "it asks much of a server at once; it is run where limits are asked for"
	}
	return ""
}

// flood is more than the default rate takes at once, and fewer refusals than
// end a connection.
const flood = 30

// limitFlood says much at once, without waiting. What a limit refuses is told
// with a time, and is said after it; then everything is there once.
func limitFlood(ctx context.Context, s *Suite) error {
	room := s.room()
	c, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	var all []action
	mark := c.mark()
	for range flood {
		a := action{"type": "message", "id": word(12), "room": room, "text": s.text()}
		if err := c.send(ctx, a); err != nil {
			return err
		}
		all = append(all, a)
	}
	x := want(ruleTooFast, "each of %d messages at once to come back, or to be refused with a time to try again", flood)
	for _, a := range all {
		e, err := c.find(ctx, x, mark, func(e event) bool { return e.id == a["id"] })
		if err != nil {
			return err
		}
		refusal, refused := e.body.(*protocol.Error)
		if refused && (!refusal.Retry || refusal.After < 1) {
			return x.but(e)
		}
	}
	for _, a := range all { // what is there already comes back again
		if _, err := c.sayAs(ctx, a); err != nil {
			return err
		}
	}
	said, err := c.log(ctx, room)
	if err != nil {
		return err
	}
	times := map[any]int{}
	for _, m := range said {
		times[m.ID]++
	}
	for _, a := range all {
		if times[a["id"]] != 1 || len(said) != flood {
			return want(ruleOnce, "%d messages, each once", flood).but(said)
		}
	}
	return nil
}
