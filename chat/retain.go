package chat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"parley/protocol"
)

// retain sets how long what is said is kept, and trims what is there by it. That
// one room keeps all for ever is a rule, too, until the room returns to what all
// rooms keep; that all rooms keep all is none.
func (t *turn) retain(ctx context.Context, by Person, a *protocol.Retain) error {
	r := Rule{Kind: RuleRetention, Room: a.Room, Value: int64(a.Days) * day, By: by.ID, ByName: by.Name}
	if a.Messages > 0 {
		r.Text = strconv.Itoa(a.Messages)
	}
	told, err := t.settle(ctx, r, "retain", a.Default || a.Room == "" && asRetention(r) == retention{})
	if err != nil {
		return err
	}
	if err := t.chat.trimNow(ctx, a.Room); err != nil {
		return err
	}
	t.answerRuling(a.ID, told)
	return nil
}

// trimAtOnce is how long who sets a retention waits for what is there to go. On
// AWS the action has 29 s in all, and a table may hold more than goes in them.
const trimAtOnce = 10 * time.Second

// trimNow trims a room, or all where it is empty, as far as there is time. The
// rest is for the next Sweep, since the rule is in force.
func (c *Chat) trimNow(ctx context.Context, room string) (err error) {
	now, cancel := context.WithTimeout(ctx, trimAtOnce)
	defer cancel()
	if room != "" {
		err = c.trim(now, room)
	} else {
		_, err = c.trimAfter(now, "")
	}
	if err != nil && ctx.Err() == nil && (now.Err() != nil || errors.Is(err, context.DeadlineExceeded)) {
		c.logger.Info("what is no longer to be kept takes longer to go; the next sweep goes on", "error", err)
		return nil
	}
	return err
}

// retention is how long what is said in a room is kept.
type retention struct {
	age     int64  // milliseconds; 0: for ever
	entries uint64 // the newest of them; 0: all
}

func asRetention(r Rule) retention {
	n, _ := strconv.ParseUint(r.Text, 10, 64) // empty: all
	return retention{r.Value, n}
}

// trimEvery is after how many entries a room's log is trimmed as it grows: so it
// has at most as many more than are to be kept, and an append costs a hundredth
// of a trim.
const trimEvery = 100

// trimGrown trims a room's log when it has grown by trimEvery, or by less where
// several entries came at once. What cannot be done now is done by the next one.
func (c *Chat) trimGrown(ctx context.Context, room string, appended []Appended) {
	for _, a := range appended {
		if a.Seq%trimEvery == 0 && !a.Repeat && a.Refused == nil {
			if err := c.trim(ctx, room); err != nil {
				c.logger.Warn("could not trim a room's log", "error", err)
			}
			return
		}
	}
}

// trimAged trims a room in which nobody may have spoken for long, before somebody
// comes and reads it.
func (c *Chat) trimAged(ctx context.Context, room string) error {
	keep, err := c.retention(ctx, room)
	if err != nil || keep.age == 0 {
		return err
	}
	return c.trim(ctx, room)
}

// trim takes away what is older, or more, than a room keeps.
func (c *Chat) trim(ctx context.Context, room string) error {
	keep, err := c.retention(ctx, room)
	if err != nil || keep == (retention{}) {
		return err
	}
	x, err := c.Log.Extent(ctx, room)
	if err != nil {
		return fmt.Errorf("extent of room %q: %w", room, err)
	}
	floor := keep.floor(x)
	if keep.age > 0 {
		aged, err := c.Log.Aged(ctx, room, c.millis()-keep.age)
		if err != nil {
			return fmt.Errorf("what is old in room %q: %w", room, err)
		}
		floor = max(floor, aged)
	}
	if floor <= x.Floor {
		return nil
	}
	err = c.Log.Trim(ctx, room, floor)
	c.kept.drop(room)
	if err != nil {
		return fmt.Errorf("trim room %q: %w", room, err)
	}
	return nil
}

// floor is where a log begins of which no more entries are to be shown than are
// kept, whether it has been trimmed by now or not.
func (r retention) floor(x Extent) uint64 {
	if r.entries == 0 || x.Head < r.entries {
		return x.Floor
	}
	return max(x.Floor, x.Head-r.entries)
}

// retention returns how long a room keeps what is said: by its own rule, else by
// the one for all rooms.
func (c *Chat) retention(ctx context.Context, room string) (retention, error) {
	b, err := c.book(ctx)
	if err != nil {
		return retention{}, err
	}
	r, ok := b.rule(RuleRetention, room, "")
	if !ok {
		r, _ = b.rule(RuleRetention, "", "")
	}
	return asRetention(r), nil
}
