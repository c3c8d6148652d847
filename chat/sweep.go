package chat

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Sweep takes away what is no longer to be kept: it finishes erasures that were
// cut short, lifts rules that have ended, addresses among them, and trims rooms.
// A home where something runs between calls has it done every few minutes.
func (c *Chat) Sweep(ctx context.Context) error {
	return errors.Join(c.FinishErasures(ctx), c.liftEnded(ctx), c.trimAll(ctx))
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

func (c *Chat) trimAll(ctx context.Context) (errs error) {
	b, err := c.book(ctx)
	if err != nil || !b.trims() {
		return err
	}
	heads, err := c.Log.Rooms(ctx, math.MaxInt32)
	if err != nil {
		return fmt.Errorf("list rooms to trim: %w", err)
	}
	for _, h := range heads {
		errs = errors.Join(errs, c.trim(ctx, h.Room))
	}
	return errs
}
