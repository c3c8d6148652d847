package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// maySpeak tells why a person may not speak in a room just now; nil: it may.
func (c *Chat) maySpeak(ctx context.Context, b *rulebook, room string, p Person) error {
	role := rank(b.role(p.ID))
	if r, restricted := b.rule(RuleCreation, "", ""); restricted && role < rank(r.Text) && room != protocol.GeneralRoom {
		x, err := c.Log.Extent(ctx, room)
		if err != nil {
			return fmt.Errorf("extent of room %q: %w", room, err)
		}
		if x.Head == 0 {
			return protocol.Errorf(protocol.NotAllowed, "There is no such room yet, and only %ss may begin one.", r.Text)
		}
	}
	if role > 0 {
		return nil
	}
	if r, muted := b.muted(room, p.ID); muted {
		return silenced(r, b.now)
	}
	if r, locked := b.rule(RuleLock, room, ""); locked {
		e := protocol.Errorf(protocol.Locked, "%s", "Only moderators speak here"+forHow(r.Until, b.now)+because(r.Reason))
		return ending(e, r.Until, b.now)
	}
	return nil
}

// oneAtATime keeps to slow mode: of what a person says at once the first message
// counts, where it said none for long enough. The others are told to wait. What
// changes a message is not held up.
func (t *turn) oneAtATime(ctx context.Context, b *rulebook, room string, p Person, said []spoken) ([]spoken, error) {
	r, slow := b.rule(RuleSlow, room, "")
	if !slow || rank(b.role(p.ID)) > 0 {
		return said, nil
	}
	var may []spoken
	for _, s := range said {
		if s.entry.Kind == KindMessage {
			err := waitFor(r.Value)
			if !slices.ContainsFunc(may, func(s spoken) bool { return s.entry.Kind == KindMessage }) {
				err = t.chat.mustWait(ctx, room, p.ID, r.Value)
				if err == nil {
					err = t.chat.nobodyElse(ctx, room, p.ID, r.Value)
				}
			}
			if err != nil {
				t.fail(ctx, s.action, err)
				continue
			}
		}
		may = append(may, s)
	}
	return may, nil
}

func waitFor(ms int64) error {
	return protocol.Errorf(protocol.SlowMode, "The room is in slow mode: again in %d seconds.", (ms+999)/1000).Retriable(ms)
}

// silenced is what a muted person is told.
func silenced(r Rule, now int64) *protocol.Error {
	e := protocol.Errorf(protocol.Muted, "%s", "A moderator has muted you"+forHow(r.Until, now)+because(r.Reason))
	return ending(e, r.Until, now)
}

// muted returns the rule that mutes a person in a room.
func (b *rulebook) muted(room string, person PersonID) (Rule, bool) {
	if r, ok := b.rule(RuleMute, "", person); ok {
		return r, true
	}
	return b.rule(RuleMute, room, person)
}

// mustWait looks whether a person spoke in a room in slow mode less than so many
// milliseconds ago. The log knows, whichever process took it; such rooms are
// slow, so it is asked for little.
func (c *Chat) mustWait(ctx context.Context, room string, person PersonID, every int64) error {
	const most = 100 // entries looked at: as many may be said in slow mode by as many people
	x, err := c.Log.Extent(ctx, room)
	if err != nil {
		return fmt.Errorf("extent of room %q: %w", room, err)
	}
	if x.Head == 0 {
		return nil
	}
	last, err := c.Log.RangeBack(ctx, room, max(x.Floor, x.Head-min(x.Head, most))+1, x.Head, protocol.PageBytes*4)
	if err != nil {
		return fmt.Errorf("newest of room %q: %w", room, err)
	}
	now := c.millis()
	for _, e := range last {
		if e.At <= now-every {
			return nil
		}
		if e.Person == person && e.Kind == KindMessage {
			return waitFor(e.At + every - now)
		}
	}
	return nil
}

// roomRules is what keeps a person from speaking in a room, for who joins.
func (b *rulebook) roomRules(room string, person PersonID) protocol.RoomRules {
	var told protocol.RoomRules
	if _, ok := b.rule(RuleInvited, room, ""); ok {
		told.Invited = true
	}
	if r, ok := b.rule(RuleSlow, room, ""); ok {
		told.Slow = r.Value
	}
	if r, ok := b.rule(RuleLock, room, ""); ok {
		told.Locked, told.Until, told.Reason = true, r.Until, r.Reason
	}
	if r, ok := b.muted(room, person); ok && person != "" {
		told.Muted, told.Until, told.Reason = true, r.Until, r.Reason
	}
	return told
}

// An ErrRefused refuses a handshake with an HTTP status.
type ErrRefused struct {
	Status  int
	Message string
}

func (e *ErrRefused) Error() string { return e.Message }

// HTTPStatus is what the handshake is answered with.
func (e *ErrRefused) HTTPStatus() int { return e.Status }

// mayConnect tells why nobody may come from an address; nil: all may.
func (c *Chat) mayConnect(ctx context.Context, key string) error {
	b, err := c.book(ctx)
	if err != nil {
		return err
	}
	if _, is := b.rule(RuleBanAddress, "", key); is && key != "" {
		return &ErrRefused{403, "This address is banned here."}
	}
	return nil
}

// turnAway answers a hello by telling why nobody is let in, and ends the connection.
func (t *turn) turnAway(ctx context.Context, id string, why *protocol.Error, code int) error {
	t.flush(ctx)
	t.over = true
	return errors.Join(t.chat.post(ctx, t.conn.ID, protocol.Encode(why.WithID(id))), t.chat.end(ctx, []Connection{t.conn}, why, code))
}

// stillMay ends a connection whose person is banned by now, and takes it out of
// rooms that are by invitation by now. Mostly that was done when it was laid
// down; not where hello or join came at that moment, or by a process that had
// not read the rule yet. Where the rules cannot be read, what needs them says so.
func (t *turn) stillMay(ctx context.Context) {
	b, err := t.chat.book(ctx)
	if err != nil || len(b.rules) == 0 {
		return
	}
	if r, is := b.rule(RuleBan, "", t.conn.Person); is && t.conn.Person != "" {
		t.over = true
		t.err = errors.Join(t.err, t.chat.end(ctx, []Connection{t.conn}, banned(r, b.now), protocol.CloseBanned))
		return
	}
	for _, room := range slices.Clone(t.conn.Rooms) {
		why := t.mayEnter(ctx, room)
		if !isRefusal(why) {
			continue
		}
		err := t.leave(ctx, &protocol.Leave{Room: room})
		if t.answer(why); err != nil && !errors.Is(err, ErrNoConnection) {
			t.err = errors.Join(t.err, err)
		}
	}
}
