package chat_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/chat"
	"parley/memory"
	"parley/protocol"
)

// remains is all that a home's stores hold, for looking whether something is in it.
func remains(t *testing.T, log *memory.Log, people *memory.People, rules *memory.Rules, ids ...string) string {
	t.Helper()
	ctx := context.Background()
	var all strings.Builder
	heads, err := log.Rooms(ctx, 100)
	for _, h := range heads {
		entries, err := log.Range(ctx, h.Room, 1, h.Head, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%+v\n", entries)
	}
	persons, err2 := people.Persons(ctx, ids...)
	inForce, err3 := rules.AllRules(ctx)
	acts, err4 := rules.Acts(ctx, 0, 1000)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&all, "%+v\n%+v\n%+v\n", persons, inForce, acts)
	return all.String()
}

func (h *home) remains(ids ...string) string {
	return remains(h.t, h.log.Log, h.people, h.rules, ids...)
}

func TestPurge(t *testing.T) {
	h := newHome(t, chat.Options{})
	h.hello("p", "Ada", "general", "design")
	h.hello("q", "Eve", "general", "design")
	eve := h.person("q")
	for i := range 230 {
		h.say("q", "general", fmt.Sprint(i), fmt.Sprint("spam ", i))
	}
	h.say("q", "design", "d", "more spam")
	h.say("p", "general", "a", "please stop")
	h.act("q", `{"type":"delete","id":"own","target":1}`)

	h.act("p", fmt.Sprintf(`{"type":"purge","id":"x","person":%q}`, eve))
	equal(t, "by a guest", h.last("p", "error").str("code"), "not_allowed")
	h.operator("p")
	h.clear()
	h.log.appends = 0
	h.act("p", fmt.Sprintf(`{"type":"purge","id":"x","person":%q,"room":"general"}`, eve))
	answer := h.last("p", "moderated")
	equal(t, "answer", fmt.Sprint(answer.str("id"), answer.str("do"), answer.num("messages")), "xpurge229")
	equal(t, "commits of at most 100", h.log.appends, 3)
	equal(t, "the room is told", len(h.got("q", "delete")), 229)
	if text := h.remains(); strings.Contains(text, "spam 1") || !strings.Contains(text, "more spam") || !strings.Contains(text, "please stop") {
		t.Errorf("left: %s", text)
	}
	h.act("p", fmt.Sprintf(`{"type":"purge","id":"y","person":%q}`, eve))
	equal(t, "the rest", h.last("p", "moderated").num("messages"), 1)
	h.act("p", `{"type":"purge","id":"z","person":"nobody"}`)
	equal(t, "of nobody", h.last("p", "error").str("code"), "no_such_person")
	h.say("q", "general", "new", "may I speak still?")
	equal(t, "she may", h.last("q", "message").str("text"), "may I speak still?")
}

func TestErase(t *testing.T) {
	setUp := func(t *testing.T) (h *home, eve string) {
		h = newHome(t, chat.Options{PresenceDelay: -1})
		h.hello("p", "Ada", "general", "design")
		h.operator("p")
		h.hello("q", "Mallory", "general", "design")
		eve = h.person("q")
		h.say("q", "general", "client-id-1", "a secret")
		h.act("q", `{"type":"message","id":"client-id-2","text":"anther secret"}`, `{"type":"edit","id":"client-id-3","target":2,"text":"another secret"}`)
		h.say("q", "design", "client-id-1", "a third secret")
		h.say("p", "general", "a", "keep this")
		h.connect("q2", protocol.Subprotocol)
		h.act("q2", fmt.Sprintf(`{"type":"hello","session":%q,"rooms":[{"room":"general"}]}`, h.last("q", "welcome").str("session")))
		h.laidDown([]chat.Rule{
			{Kind: chat.RuleMute, Room: "design", Subject: eve, Name: "Mallory", Reason: "a nuisance", By: h.person("p"), ByName: "Ada"},
			{Kind: chat.RuleBanAddress, Subject: "203.0.113.7", Text: eve, Name: "Mallory"},
			{Kind: chat.RuleSlow, Room: "general", Value: 1000, By: eve, ByName: "Mallory"},
		}...)
		for _, a := range []chat.Act{
			{By: h.person("p"), ByName: "Ada", Do: "mute", Person: eve, Name: "Mallory", Detail: "Mallory is a nuisance"},
			{By: eve, ByName: "Mallory", Do: "slow", Room: "general"},
		} {
			if _, err := h.rules.PutAct(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		h.clear()
		return h, eve
	}
	gone := func(t *testing.T, h *home, eve string) {
		t.Helper()
		left := h.remains(eve)
		for _, of := range []string{"secret", "Mallory", "mallory", "client-id", "nuisance", "203.0.113.7"} {
			if strings.Contains(left, of) {
				t.Errorf("%q is left in %s", of, left)
			}
		}
		for _, of := range []string{"keep this", "Ada"} {
			if !strings.Contains(left, of) {
				t.Errorf("%q went, too: %s", of, left)
			}
		}
		if strings.Contains(left, string(chat.RuleErasing)) {
			t.Errorf("it is not done: %s", left)
		}
	}

	t.Run("by an operator", func(t *testing.T) {
		h, eve := setUp(t)
		h.act("p", fmt.Sprintf(`{"type":"erase","id":"x","person":%q}`, eve))
		gone(t, h, eve)
		answer := h.last("p", "moderated")
		equal(t, "answer", fmt.Sprint(answer.str("id"), answer.str("do"), answer.str("person") == eve, answer.num("messages")), "xerasetrue 3")
		equal(t, "the room is told to forget the name", h.last("p", "erased").str("person"), eve)
		for _, id := range []string{"q", "q2"} {
			e := h.last(id, "error")
			equal(t, id+" is told", fmt.Sprint(e.str("code"), e["retry"]), "signed_outfalse")
			equal(t, id+"'s close code", h.poster.closed[id], protocol.CloseSignedOut)
			if _, err := h.table.Get(t.Context(), id); !errors.Is(err, chat.ErrNoConnection) {
				t.Errorf("%s is known still", id)
			}
		}
		h.hello("r", "Mallory", "general")
		equal(t, "the name is free", h.last("r", "welcome")["you"].(map[string]any)["name"], "Mallory")
	})
	t.Run("by oneself", func(t *testing.T) {
		h, eve := setUp(t)
		h.act("q", `{"type":"erase","id":"x"}`, `{"type":"message","id":"y","text":"a last secret"}`)
		gone(t, h, eve)
		for _, id := range []string{"q", "q2"} {
			equal(t, id+" is told", h.last(id, "error").str("code"), "signed_out")
			equal(t, id+"'s close code", h.poster.closed[id], protocol.CloseSignedOut)
		}
		equal(t, "the room", h.last("p", "erased").str("person"), eve)
	})
	t.Run("not by others", func(t *testing.T) {
		h, eve := setUp(t)
		h.hello("r", "Grace")
		h.act("r", fmt.Sprintf(`{"type":"erase","id":"x","person":%q}`, eve))
		equal(t, "code", h.last("r", "error").str("code"), "not_allowed")
		h.appoint(h.person("r"), protocol.RoleModerator)
		h.act("r", fmt.Sprintf(`{"type":"erase","id":"x","person":%q}`, eve))
		equal(t, "code for a moderator", h.last("r", "error").str("code"), "not_allowed")
	})
	t.Run("by name, for a command", func(t *testing.T) {
		h, eve := setUp(t)
		p, err := h.PersonNamed(t.Context(), " mallory ")
		if err != nil {
			t.Fatal(err)
		}
		n, err := h.Erase(t.Context(), p.ID, chat.Command)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "messages", n, 3)
		gone(t, h, eve)
		if _, err := h.PersonNamed(t.Context(), "Mallory"); !errors.Is(err, chat.ErrNoPerson) {
			t.Errorf("again: %v", err)
		}
	})
	// Whatever call fails, and all after it as after a crash, the next start goes on.
	t.Run("cut short anywhere", func(t *testing.T) {
		for calls := 0; ; calls++ {
			h, eve := setUp(t)
			f := &failing{left: calls}
			cut := chat.New(chat.Ports{
				Connections: h.table, Members: h.table, Poster: h.poster,
				Log: &failingLog{h.log.Log, f}, People: &failingPeople{h.people, f}, Rules: &failingRules{h.rules, f},
			}, chat.Options{PresenceDelay: -1})
			_, err := cut.Erase(t.Context(), eve, chat.Command)
			cut.Close()
			if err == nil {
				if calls < 8 {
					t.Errorf("it took %d calls", calls)
				}
				return
			}
			begun := strings.Contains(h.remains(), string(chat.RuleErasing))
			if calls > 0 && !begun {
				t.Fatalf("cut after %d calls, nobody remembers it", calls)
			}
			table := memory.NewTable() // the process died with its connections
			next := chat.New(chat.Ports{Connections: table, Members: table, Poster: h.poster, Log: h.log, People: h.people, Rules: h.rules}, chat.Options{PresenceDelay: -1})
			if err := next.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			next.Close()
			if begun {
				gone(t, h, eve)
			}
			if t.Failed() {
				t.Fatalf("cut after %d calls", calls)
			}
		}
	})
	t.Run("by two sweeps at once", func(t *testing.T) {
		h, eve := setUp(t)
		if err := h.rules.PutRule(t.Context(), chat.Rule{Kind: chat.RuleErasing, Subject: eve, At: 7}); err != nil {
			t.Fatal(err)
		}
		var once sync.Once
		beside := &renaming{Log: h.log.Log, rename: func() {
			once.Do(func() {
				if err := h.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}}
		c := chat.New(chat.Ports{Connections: h.table, Members: h.table, Poster: h.poster, Log: beside, People: h.people, Rules: h.rules}, chat.Options{PresenceDelay: -1})
		defer c.Close()
		if err := c.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		gone(t, h, eve)
		acts, err := h.rules.Acts(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		acts = slices.DeleteFunc(acts, func(a chat.Act) bool { return a.Do != "erase" })
		if len(acts) != 1 || acts[0].Person != eve {
			t.Errorf("noted: %+v", acts)
		}
	})
	t.Run("nobody is told that it is done before it is", func(t *testing.T) {
		h, eve := setUp(t)
		told := ""
		watched := &renaming{Log: h.log.Log, rename: func() { told = h.last("q", "error").str("message") }}
		c := chat.New(chat.Ports{Connections: h.table, Members: h.table, Poster: h.poster, Log: watched, People: h.people, Rules: h.rules}, chat.Options{PresenceDelay: -1})
		defer c.Close()
		if _, err := c.Erase(t.Context(), eve, chat.Command); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(told, "are being erased") {
			t.Errorf("told before: %q", told)
		}
		equal(t, "told once", len(h.got("q", "error")), 1)
	})
	t.Run("while it is renamed", func(t *testing.T) {
		h, eve := setUp(t)
		renamed := &renaming{Log: h.log.Log, rename: func() {
			if err := h.people.PutPerson(t.Context(), chat.Person{ID: eve, Name: "Mallory again", Skeleton: "malloryagain"}); err != nil {
				t.Fatal(err)
			}
		}}
		c := chat.New(chat.Ports{Connections: h.table, Members: h.table, Poster: h.poster, Log: renamed, People: h.people, Rules: h.rules}, chat.Options{PresenceDelay: -1})
		defer c.Close()
		if _, err := c.Erase(t.Context(), eve, chat.Command); err != nil {
			t.Fatal(err)
		}
		gone(t, h, eve)
	})
}

// person is who a connection is.
func (h *home) person(id string) string {
	h.t.Helper()
	conn, err := h.table.Get(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return conn.Person
}

var errCut = errors.New("the process died")

// failing lets so many calls through, and none after them.
type failing struct{ left int }

func (f *failing) call() error {
	if f.left--; f.left < 0 {
		return errCut
	}
	return nil
}

type failingLog struct {
	*memory.Log
	f *failing
}

func (l *failingLog) Append(ctx context.Context, room string, entries ...chat.Entry) ([]chat.Appended, error) {
	if err := l.f.call(); err != nil {
		return nil, err
	}
	return l.Log.Append(ctx, room, entries...)
}

func (l *failingLog) SaidBy(ctx context.Context, person chat.PersonID, room string) iter.Seq2[chat.Place, error] {
	if err := l.f.call(); err != nil {
		return func(yield func(chat.Place, error) bool) { yield(chat.Place{}, err) }
	}
	return l.Log.SaidBy(ctx, person, room)
}

func (l *failingLog) ForgetSender(ctx context.Context, person chat.PersonID) error {
	if err := l.f.call(); err != nil {
		return err
	}
	return l.Log.ForgetSender(ctx, person)
}

type failingPeople struct {
	*memory.People
	f *failing
}

func (s *failingPeople) ChangePerson(ctx context.Context, id chat.PersonID, change func(*chat.Person)) (chat.Person, error) {
	if err := s.f.call(); err != nil {
		return chat.Person{}, err
	}
	return s.People.ChangePerson(ctx, id, change)
}

func (s *failingPeople) ErasePerson(ctx context.Context, id chat.PersonID) error {
	if err := s.f.call(); err != nil {
		return err
	}
	return s.People.ErasePerson(ctx, id)
}

type failingRules struct {
	*memory.Rules
	f *failing
}

func (s *failingRules) PutRule(ctx context.Context, r chat.Rule) error {
	if err := s.f.call(); err != nil {
		return err
	}
	return s.Rules.PutRule(ctx, r)
}

func (s *failingRules) TakeRule(ctx context.Context, kind chat.RuleKind, room, subject string) (chat.Rule, bool, error) {
	if err := s.f.call(); err != nil {
		return chat.Rule{}, false, err
	}
	return s.Rules.TakeRule(ctx, kind, room, subject)
}

func (s *failingRules) PutActOnce(ctx context.Context, a chat.Act) (chat.Act, error) {
	if err := s.f.call(); err != nil {
		return a, err
	}
	return s.Rules.PutActOnce(ctx, a)
}

func (s *failingRules) ForgetActs(ctx context.Context, person chat.PersonID) error {
	if err := s.f.call(); err != nil {
		return err
	}
	return s.Rules.ForgetActs(ctx, person)
}

// renaming is a log in whose use a person is stored anew.
type renaming struct {
	*memory.Log
	rename func()
}

func (l *renaming) ForgetSender(ctx context.Context, person chat.PersonID) error {
	l.rename()
	return l.Log.ForgetSender(ctx, person)
}

// Whoever erases itself has the whole log read: an address may have that done
// twice at once, and is told when again. This machine and operators always may.
func TestAnAddressErasesFewPeople(t *testing.T) {
	o := newOffice(t)
	options := o.options
	options.Rates = &protocol.Rates{}
	o.Chat = chat.New(chat.Ports{Connections: o.table, Members: o.table, Log: o.log, People: o.people, Poster: o.poster, Rules: o.rules}, options)
	t.Cleanup(o.Close)
	erase := func(who, address string) event {
		t.Helper()
		if _, err := o.OnConnect(context.Background(), who, chat.Handshake{Subprotocols: []string{protocol.Subprotocol}, Address: address}); err != nil {
			t.Fatal(err)
		}
		o.poster.open[who] = true
		hello := map[string]any{"type": "hello", "name": who}
		if session := o.session[who]; session != "" {
			hello = map[string]any{"type": "hello", "session": session}
		}
		o.act(who, hello)
		o.act(who, map[string]any{"type": "erase", "id": "e"})
		return o.last(who, "error")
	}
	for i, c := range []struct{ address, code string }{
		{"192.0.2.7", "signed_out"}, {"192.0.2.7", "signed_out"}, {"192.0.2.7", "too_many"}, {"192.0.2.8", "signed_out"},
		{"127.0.0.1", "signed_out"}, {"127.0.0.1", "signed_out"}, {"127.0.0.1", "signed_out"},
	} {
		e := erase(fmt.Sprint("guest number ", i), c.address)
		equal(t, fmt.Sprint(i, " from ", c.address), e.str("code"), c.code)
		if c.code == "too_many" {
			equal(t, "after", e.num("after"), 30*60*1000+1)
			equal(t, "of its own accord", e["retry"], false)
		}
	}
	equal(t, "a moderator", erase("mona", "192.0.2.7").str("code"), "signed_out")
	o.now = o.now.Add(30 * time.Minute)
	equal(t, "later", erase("guest afterwards", "192.0.2.7").str("code"), "signed_out")
}
