package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"parley/protocol"
)

// mayAdd tells why a person may not add an entry of a kind to a room's log just
// now, and whether it may delete what others said.
func (t *turn) mayAdd(ctx context.Context, room string, p Person, kind Kind) (order bool, err error) {
	err = t.chat.decide(ctx, func(b rulebook) error {
		order = rank(b.role(p.ID)) > 0 && !t.conn.Plain
		if kind != KindDelete {
			return t.chat.maySpeak(ctx, &b, room, p)
		}
		if !order && rank(p.Role) > 0 { // was given a role that is not known here yet, or has lost it
			return errNoOrder
		}
		return nil
	})
	if errors.Is(err, errNoOrder) { // may still delete what is its own
		err = nil
	}
	return order, err
}

var errNoOrder = errors.New("the person keeps no order")

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
func (t *turn) oneAtATime(ctx context.Context, room string, p Person, said []spoken) ([]spoken, error) {
	isMessage := func(s spoken) bool { return s.entry.Kind == KindMessage }
	if !slices.ContainsFunc(said, isMessage) {
		return said, nil
	}
	var every int64
	wait := t.chat.decide(ctx, func(b rulebook) error {
		if r, slow := b.rule(RuleSlow, room, ""); slow && rank(b.role(p.ID)) == 0 {
			every = r.Value
			return t.chat.mustWait(ctx, room, p.ID, every)
		}
		every = 0
		return nil
	})
	if wait != nil && !isRefusal(wait) {
		return nil, wait
	}
	if every == 0 {
		return said, nil
	}
	if wait == nil {
		wait = t.chat.nobodyElse(ctx, room, p.ID, every)
	}
	var may []spoken
	for _, s := range said {
		if isMessage(s) {
			told := wait
			if wait = waitFor(every); told != nil { // the others of them wait in any case
				t.fail(ctx, s.action, told)
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

// roomRules is the same of the rules as they are: who joins is told no more of them
// until they change.
func (c *Chat) roomRules(ctx context.Context, room string, person PersonID) (told protocol.RoomRules, err error) {
	err = c.decide(ctx, func(b rulebook) error {
		if told = b.roomRules(room, person); told != (protocol.RoomRules{}) {
			return errRestricted
		}
		return nil
	})
	if errors.Is(err, errRestricted) {
		err = nil
	}
	return told, err
}

var errRestricted = errors.New("not everybody may speak in the room as they like")

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
	return c.decide(ctx, func(b rulebook) error {
		if _, is := b.rule(RuleBanAddress, "", key); is && key != "" {
			return &ErrRefused{403, "This address is banned here."}
		}
		return nil
	})
}

// mayCome tells why a person may not be here; nil: it may.
func (c *Chat) mayCome(ctx context.Context, person PersonID) error {
	return c.decide(ctx, func(b rulebook) error {
		if r, is := b.rule(RuleBan, "", person); is && person != "" {
			return banned(r, b.now)
		}
		return nil
	})
}

// turnAwayBanned is turnAway for what mayCome returned, which may be a port's error.
func (t *turn) turnAwayBanned(ctx context.Context, id string, err error) error {
	var why *protocol.Error
	if errors.As(err, &why) {
		return t.turnAway(ctx, id, why, protocol.CloseBanned)
	}
	return err
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
	var why *protocol.Error
	if errors.As(t.chat.mayCome(ctx, t.conn.Person), &why) {
		t.over = true
		t.err = errors.Join(t.err, t.chat.end(ctx, []Connection{t.conn}, why, protocol.CloseBanned))
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
