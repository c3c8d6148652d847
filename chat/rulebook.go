package chat

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"parley/protocol"
)

// ruleKey is what at most one rule has.
type ruleKey struct {
	kind          RuleKind
	room, subject string
}

// A rulebook is all rules as they were at one time. It never changes, so that
// what depends on them is decided without I/O and without waiting.
type rulebook struct {
	rules map[ruleKey]Rule
	now   int64     // when it was asked for, in milliseconds since 1970 UTC
	at    time.Time // when it was read
}

// books has the newest rulebook. What this process changes is in it at once;
// what others change, by Options.RulesAge.
type books struct {
	newest atomic.Pointer[rulebook]
	mu     sync.Mutex // held while newest is replaced
	doubts doubts
}

// rule returns a rule that is in force.
func (b *rulebook) rule(kind RuleKind, room, subject string) (Rule, bool) {
	r, ok := b.rules[ruleKey{kind, room, subject}]
	return r, ok && !r.ended(b.now)
}

// ended tells whether the rule is over by itself.
func (r Rule) ended(now int64) bool { return r.Until != 0 && r.Until <= now }

// role returns a person's role.
func (b *rulebook) role(person PersonID) string {
	if r, ok := b.rule(RuleRole, "", person); ok && person != "" {
		return r.Text
	}
	return protocol.RoleGuest
}

// book returns the rules as they are now. Without Ports.Rules there are none.
func (c *Chat) book(ctx context.Context) (rulebook, error) {
	if c.Rules == nil {
		return rulebook{now: c.millis()}, nil
	}
	b := c.books.newest.Load()
	if b == nil || c.options.RulesAge > 0 && c.now().Sub(b.at) > c.options.RulesAge {
		var err error
		if b, err = c.readBook(ctx, c.options.RulesAge); err != nil {
			return rulebook{}, err
		}
	}
	now := *b
	now.now = c.millis()
	return now, nil
}

// latest is book with what other processes have laid down until now: for what
// must not be decided by what was so a moment ago, and is rare.
func (c *Chat) latest(ctx context.Context) (rulebook, error) {
	if c.Rules != nil && c.options.RulesAge > 0 {
		if _, err := c.readBook(ctx, -1); err != nil {
			return rulebook{}, err
		}
	}
	return c.book(ctx)
}

// decide asks the rules whether they refuse something, and returns what refuses it.
// Where another process changes rules, too, one that has just been lifted may be
// remembered here: what is refused is not tried again, so before that is told the
// rules are read anew, and asked once more.
func (c *Chat) decide(ctx context.Context, refuses func(rulebook) error) error {
	var asked time.Time
	if c.options.RulesAge > 0 {
		asked = c.now()
	}
	b, err := c.book(ctx)
	if err != nil {
		return err
	}
	refused := refuses(b)
	if refused == nil || !c.doubtful(b, asked) {
		return refused
	}
	if b, err = c.latest(ctx); err != nil {
		return err
	}
	return refuses(b)
}

// doubtful tells whether rules are to be read anew for a refusal: they were read
// before it was asked for, and not too many have been read so of late.
func (c *Chat) doubtful(b rulebook, asked time.Time) bool {
	return c.options.RulesAge > 0 && b.at.Before(asked) && c.books.doubts.take(c.now())
}

// rereading bounds how often refusals have this process read the rules anew: who
// is refused may ask for it all day. Those beyond are as old as Options.RulesAge.
var rereading = protocol.Per(1, time.Second, 5)

// doubts counts these readings.
type doubts struct {
	mu    sync.Mutex
	began time.Time
	taken bucket
}

func (d *doubts) take(at time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.began.IsZero() {
		d.began = at
	}
	now := at.Sub(d.began)
	if d.taken.wait(rereading, 1, now) > 0 {
		return false
	}
	d.taken.take(rereading, 1, now)
	return true
}

// readBook reads the rules, unless they were read while it waited and are not
// older than age.
func (c *Chat) readBook(ctx context.Context, age time.Duration) (*rulebook, error) {
	c.books.mu.Lock()
	defer c.books.mu.Unlock()
	at := c.now()
	if b := c.books.newest.Load(); b != nil && (c.options.RulesAge == 0 || at.Sub(b.at) <= age) {
		return b, nil
	}
	all, err := c.Rules.AllRules(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	b := &rulebook{rules: make(map[ruleKey]Rule, len(all)), at: at}
	for _, r := range all {
		b.rules[ruleKey{r.Kind, r.Room, r.Subject}] = r
	}
	c.books.newest.Store(b)
	return b, nil
}

// write makes the newest book one with, or without, a rule.
func (c *Chat) write(key ruleKey, r *Rule) {
	b := c.books.newest.Load()
	if b == nil {
		return
	}
	with := &rulebook{rules: maps.Clone(b.rules), at: b.at}
	if r != nil {
		with.rules[key] = *r
	} else {
		delete(with.rules, key)
	}
	c.books.newest.Store(with)
}

// layDown stores a rule in the place of the one like it.
func (c *Chat) layDown(ctx context.Context, r Rule) error {
	c.books.mu.Lock()
	defer c.books.mu.Unlock()
	if err := c.Rules.PutRule(ctx, r); err != nil {
		return fmt.Errorf("lay down a rule: %w", err)
	}
	c.write(ruleKey{r.Kind, r.Room, r.Subject}, &r)
	return nil
}

// lift takes a rule away. One caller alone is told that there was one.
func (c *Chat) lift(ctx context.Context, kind RuleKind, room, subject string) (Rule, bool, error) {
	c.books.mu.Lock()
	defer c.books.mu.Unlock()
	r, existed, err := c.Rules.TakeRule(ctx, kind, room, subject)
	if err != nil {
		return r, false, fmt.Errorf("lift a rule: %w", err)
	}
	c.write(ruleKey{kind, room, subject}, nil)
	return r, existed, nil
}

// use takes one from what a rule is good for.
func (c *Chat) use(ctx context.Context, kind RuleKind, room, subject string) (Rule, bool, error) {
	c.books.mu.Lock()
	defer c.books.mu.Unlock()
	r, existed, err := c.Rules.UseRule(ctx, kind, room, subject)
	if err != nil {
		return r, false, fmt.Errorf("use a rule: %w", err)
	}
	key := ruleKey{kind, room, subject}
	b := c.books.newest.Load()
	if spent := b != nil && b.rules[key].Value != 0 && r.Value == 0; existed && !spent {
		c.write(key, &r)
	} else {
		c.write(key, nil)
	}
	return r, existed, nil
}

// record appends to the audit log.
func (c *Chat) record(ctx context.Context, a Act) error {
	a.At = c.millis()
	if _, err := c.Rules.PutAct(ctx, a); err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}
