package conform

import (
	"context"
	"strings"

	"parley/protocol"
)

func nameCases() []Case {
	return []Case{
		{"name/taken", "Two persons with one name could not be told apart.", nil, nameTaken},
		{"name/kept", "Somebody else could come back as whoever went for a coffee.", nil, nameKept},
		{"name/looks alike", "One could pose as somebody else by a letter that looks the same.", nil, nameLooksAlike},
		{"name/refused", "A name could hide, or turn round the text beside it.", nil, nameRefused},
		{"name/normalised", "One name could be written in many ways.", nil, nameNormalised},
		{"name/rename", "The others would not know who speaks.", nil, nameRename},
	}
}

// rename takes a name, or another one.
func (c *conn) rename(ctx context.Context, name string) (*protocol.Renamed, error) {
	x := want(ruleRenamed, "rename to %q to be answered by renamed", name)
	r, err := ask[protocol.Renamed](ctx, c, x, action{"type": "rename", "name": name})
	if err != nil {
		return nil, err
	}
	if r.Person != c.me.ID || r.From != c.me.Name {
		return r, x.but(r)
	}
	c.me.Name = r.To
	return r, nil
}

// nameTaken asks for a taken name in hello and in rename, and takes what is
// suggested.
func nameTaken(ctx context.Context, s *Suite) error {
	holder, err := s.enter(ctx)
	if err != nil {
		return err
	}
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	x := want(ruleNameRefused, "the name %q, which is taken, to be refused with another one as suggestion", holder.me.Name)
	e, err := refused(ctx, c, x, protocol.NameTaken, action{"type": "hello", "name": holder.me.Name})
	if err != nil {
		return err
	}
	if e.Suggestion == "" || e.Suggestion == holder.me.Name || e.Retry {
		return x.but(e)
	}
	w, err := c.hello(ctx, action{"name": e.Suggestion})
	if err != nil {
		return err
	}
	if w.You.Name != e.Suggestion {
		return want(ruleSuggestion, "to be %q as suggested", e.Suggestion).but(w)
	}
	taken := e.Suggestion

	renamer, err := s.enter(ctx)
	if err != nil {
		return err
	}
	e, err = refused(ctx, renamer, x, protocol.NameTaken, action{"type": "rename", "name": holder.me.Name})
	if err != nil {
		return err
	}
	if e.Suggestion == "" || e.Suggestion == holder.me.Name || e.Suggestion == taken {
		return x.but(e)
	}
	_, err = renamer.rename(ctx, e.Suggestion)
	return err
}

// nameKept lets somebody speak and go. The name stays taken, and is whose it was.
func nameKept(ctx context.Context, s *Suite) error {
	room := s.room()
	holder, err := s.enter(ctx, room)
	if err != nil {
		return err
	}
	if _, err := holder.say(ctx, room, s.text()); err != nil {
		return err
	}
	holder.ws.CloseNow()
	if err := sleep(ctx, settle); err != nil { // so that it is noticed, where it is
		return err
	}
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	x := want(ruleNameKept, "the name %q to stay taken after its person went", holder.me.Name)
	if _, err := refused(ctx, c, x, protocol.NameTaken, action{"type": "rename", "name": holder.me.Name}); err != nil {
		return err
	}
	back, err := s.enterAs(ctx, action{"session": holder.session})
	if err == nil && back.me != holder.me {
		err = want(ruleNameKept, "to be %s again", show(holder.me)).but(back.me)
	}
	return err
}

// nameLooksAlike takes a name of letters that Latin and Cyrillic share by sight.
func nameLooksAlike(ctx context.Context, s *Suite) error {
	latin := random("aceopxy", 12)
	holder, err := s.enterAs(ctx, action{"name": latin})
	if err != nil {
		return err
	}
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	cyrillic := strings.NewReplacer("a", "\u0430", "c", "\u0441", "e", "\u0435", "o", "\u043e", "p", "\u0440", "x", "\u0445", "y", "\u0443").Replace(latin)
	wide := strings.Map(func(r rune) rune { return r - 'a' + '\uff41' }, latin)
	for _, name := range []string{cyrillic, wide, strings.ToUpper(latin), " " + latin + " "} {
		x := want(ruleUnique, "the name %q, which looks like %q, to be refused", name, holder.me.Name)
		if _, err := refused(ctx, c, x, protocol.NameTaken, action{"type": "rename", "name": name}); err != nil {
			return err
		}
	}
	return nil
}

func nameRefused(ctx context.Context, s *Suite) error {
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	w := word(10)
	for _, name := range []string{
		"", " \t", w + "\u0000", w + "\n" + w, "\u202e" + w, w + "\u200b", w + "\u2066", w + "\u0430",
		strings.Repeat("x", protocol.MaxNameRunes-9) + w, strings.Repeat(w, 1000),
	} {
		x := want(ruleBadName, "the name %q to be refused", shorten(name))
		if _, err := refused(ctx, c, x, protocol.BadName, action{"type": "rename", "name": name}); err != nil {
			return err
		}
	}
	longest := word(protocol.MaxNameRunes)
	r, err := c.rename(ctx, longest)
	if err == nil && r.To != longest {
		err = want(ruleNameLength, "a name of %d letters to be taken", protocol.MaxNameRunes).but(r)
	}
	return err
}

func nameNormalised(ctx context.Context, s *Suite) error {
	c, err := s.enter(ctx)
	if err != nil {
		return err
	}
	a, b := word(8), word(8)
	r, err := c.rename(ctx, "  "+a+" \u3000 "+b+" ")
	if err == nil && r.To != a+" "+b {
		err = want(ruleNameLength, "white space to be normalised: %q", a+" "+b).but(r)
	}
	return err
}

func nameRename(ctx context.Context, s *Suite) error {
	room := s.room()
	people, err := s.crowd(ctx, 2, room)
	if err != nil {
		return err
	}
	ada, other := people[0], people[1]
	old := ada.me.Name
	before, err := ada.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	r, err := ada.rename(ctx, s.name())
	if err != nil {
		return err
	}
	x := want(ruleRenamed, "the others in the room to be told that %q is %q now", old, r.To)
	if _, err := await(ctx, other, x, 0, func(o *protocol.Renamed) bool {
		return o.Person == ada.me.ID && o.From == old && o.To == r.To && o.ID == ""
	}); err != nil {
		return err
	}
	after, err := ada.say(ctx, room, s.text())
	if err != nil {
		return err
	}
	if after.From != r.To {
		return want(ruleRenamed, "to speak as %q now", r.To).but(after)
	}
	log, err := other.log(ctx, room)
	if err != nil {
		return err
	}
	if len(log) != 2 || log[0].From != before.From || log[1].From != after.From {
		return want(ruleRenamed, "a first message from %q and a second one from %q", old, r.To).but(log)
	}
	_, err = other.rename(ctx, old) // nobody has it now
	return err
}
