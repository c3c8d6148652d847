package chat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
)

// RoomNames is what a MessageLog may be besides, where Rooms lists only some of
// many rooms, or reads each of them.
type RoomNames interface {
	// RoomsAfter yields the names of the rooms with a log, in the order of their
	// bytes, that come after one; all where it is empty. A room that is spoken in
	// for the first time meanwhile may be missing.
	RoomsAfter(ctx context.Context, room string) iter.Seq2[string, error]
}

// Sweep takes away what is no longer to be kept: it finishes erasures that were
// cut short, lifts rules that have ended, addresses among them, and trims rooms.
// A home where something runs between calls has it done every few minutes.
func (c *Chat) Sweep(ctx context.Context) error {
	_, err := c.SweepAfter(ctx, "")
	return err
}

// SweepAfter is Sweep for a home that has little time at once. Of the rooms it
// trims those whose names come after one, in the order of their bytes. It returns
// the last that is done; where the context's time was over before the rest, with
// an error that wraps context.DeadlineExceeded. Several at once do no harm.
func (c *Chat) SweepAfter(ctx context.Context, room string) (done string, err error) {
	err = errors.Join(c.FinishErasures(ctx), c.liftEnded(ctx))
	done, trimmed := c.trimAfter(ctx, room)
	return done, errors.Join(err, trimmed)
}

func (c *Chat) liftEnded(ctx context.Context) error {
	rules, err := c.Rules.AllRules(ctx)
	if err != nil {
		return fmt.Errorf("look for rules that have ended: %w", err)
	}
	now := c.millis()
	for _, r := range rules {
		if r.Until == 0 || r.Until > now {
			continue
		}
		lifted, existed, err := c.lift(ctx, r.Kind, r.Room, r.Subject)
		if err == nil && existed && lifted.Until != r.Until { // laid down anew meanwhile
			err = c.layDown(ctx, lifted)
		}
		if err != nil {
			return fmt.Errorf("lift a rule that has ended: %w", err)
		}
	}
	return nil
}

// trimAfter trims the rooms whose names come after one, and returns the last that
// is done.
func (c *Chat) trimAfter(ctx context.Context, after string) (done string, errs error) {
	b, err := c.book(ctx)
	if err != nil {
		return after, err
	}
	done = after
	for room, err := range c.toTrim(ctx, &b, after) {
		if err == nil {
			err = c.trim(ctx, room)
		}
		errs = errors.Join(errs, err)
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) { // a store may give up a moment before
			break
		}
		done = room
	}
	return done, errs
}

// toTrim yields the rooms after one that a retention is for: all where there is
// one for all, else those that have their own.
func (c *Chat) toTrim(ctx context.Context, b *rulebook, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var names []string
		if _, all := b.rules[ruleKey{kind: RuleRetention}]; !all {
			for key := range b.rules {
				if key.kind == RuleRetention {
					names = append(names, key.room)
				}
			}
		} else if log, ok := c.Log.(RoomNames); ok {
			log.RoomsAfter(ctx, after)(yield)
			return
		} else {
			heads, err := c.Log.Rooms(ctx, math.MaxInt32)
			if err != nil {
				yield("", fmt.Errorf("list rooms to trim: %w", err))
				return
			}
			for _, h := range heads {
				names = append(names, h.Room)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if name > after && !yield(name, nil) {
				return
			}
		}
	}
}
