package chattest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"parley/chat"
)

// Rules holds an implementation to chat.Rules. open returns a store; it may hold
// what earlier tests left.
func Rules(t *testing.T, open func(t testing.TB) chat.Rules) {
	t.Run("a rule is kept whole, replaced whole, and lifted once", func(t *testing.T) { ruleKept(t, open(t)) })
	t.Run("rules that differ in one part of their key are two", func(t *testing.T) { ruleKeys(t, open(t)) })
	t.Run("what counts once counts once", func(t *testing.T) { takenOnce(t, open(t)) })
	t.Run("a rule is good for as many uses as it says", func(t *testing.T) { usedUp(t, open(t)) })
	t.Run("the audit log has all acts in order", func(t *testing.T) { actsInOrder(t, open(t)) })
	t.Run("what may be told again stands once in the audit log", func(t *testing.T) { actOnce(t, open(t)) })
	t.Run("a name leaves the audit log", func(t *testing.T) { forgetActs(t, open(t)) })
	t.Run("a cancelled call changes nothing", func(t *testing.T) { cancelledRules(t, open(t)) })
}

func aRule() chat.Rule {
	subject := fresh("subject")
	return chat.Rule{
		Kind: chat.RuleMute, Room: "a room # / \x00", Subject: subject, Value: 7, Text: "text", Reason: "why ' \"", Name: "Name",
		By: "by", ByName: "By", At: 1_700_000_000_000, Until: 1<<53 - 1,
	}
}

func ruleOf(t testing.TB, rules chat.Rules, kind chat.RuleKind, room, subject string) (chat.Rule, bool) {
	t.Helper()
	all, err := rules.AllRules(t.Context())
	must(t, err)
	i := slices.IndexFunc(all, func(r chat.Rule) bool { return r.Kind == kind && r.Room == room && r.Subject == subject })
	if i < 0 {
		return chat.Rule{}, false
	}
	return all[i], true
}

func ruleKept(t *testing.T, rules chat.Rules) {
	full := aRule()
	bare := chat.Rule{Kind: full.Kind, Room: full.Room, Subject: full.Subject}
	for _, want := range []chat.Rule{full, bare, full} {
		must(t, rules.PutRule(t.Context(), want))
		if got, ok := ruleOf(t, rules, want.Kind, want.Room, want.Subject); !ok || got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	got, existed, err := rules.TakeRule(t.Context(), full.Kind, full.Room, full.Subject)
	if err != nil || !existed || got != full {
		t.Errorf("TakeRule: %+v, %v, %v", got, existed, err)
	}
	if _, existed, err = rules.TakeRule(t.Context(), full.Kind, full.Room, full.Subject); existed || err != nil {
		t.Errorf("taken twice: %v, %v", existed, err)
	}
	if _, ok := ruleOf(t, rules, full.Kind, full.Room, full.Subject); ok {
		t.Error("it is there still")
	}
}

func ruleKeys(t *testing.T, rules chat.Rules) {
	s := fresh("s")
	all := []chat.Rule{
		{Kind: chat.RuleMute, Room: s, Subject: "x"}, {Kind: chat.RuleBan, Room: s, Subject: "x"}, {Kind: chat.RuleMute, Room: s + "#x"},
		{Kind: chat.RuleMute, Room: s}, {Kind: chat.RuleMute, Subject: s}, {Kind: chat.RuleMute, Room: "", Subject: s + "#x"},
	}
	for i, r := range all {
		r.Value = int64(i) + 1
		must(t, rules.PutRule(t.Context(), r))
	}
	for i, r := range all {
		if got, ok := ruleOf(t, rules, r.Kind, r.Room, r.Subject); !ok || got.Value != int64(i)+1 {
			t.Errorf("%+v: got %+v", r, got)
		}
	}
}

func takenOnce(t *testing.T, rules chat.Rules) {
	r := aRule()
	must(t, rules.PutRule(t.Context(), r))
	var had atomic.Int64
	together(8, func(int) {
		_, existed, err := rules.TakeRule(t.Context(), r.Kind, r.Room, r.Subject)
		if err != nil {
			t.Error(err)
		}
		if existed {
			had.Add(1)
		}
	})
	if had.Load() != 1 {
		t.Errorf("%d of 8 were told that it existed", had.Load())
	}
}

func usedUp(t *testing.T, rules chat.Rules) {
	r := aRule()
	r.Value = 5
	must(t, rules.PutRule(t.Context(), r))
	var used atomic.Int64
	together(8, func(int) {
		_, existed, err := rules.UseRule(t.Context(), r.Kind, r.Room, r.Subject)
		if err != nil {
			t.Error(err)
		}
		if existed {
			used.Add(1)
		}
	})
	if used.Load() != 5 {
		t.Errorf("5 uses, %d were had", used.Load())
	}
	if _, ok := ruleOf(t, rules, r.Kind, r.Room, r.Subject); ok {
		t.Error("it is there still")
	}
	r.Value = 0
	must(t, rules.PutRule(t.Context(), r))
	for range 3 {
		if got, existed, err := rules.UseRule(t.Context(), r.Kind, r.Room, r.Subject); err != nil || !existed || got != r {
			t.Errorf("one without a bound: %+v, %v, %v", got, existed, err)
		}
	}
}

func putActs(t testing.TB, rules chat.Rules, acts ...chat.Act) (seqs []uint64) {
	t.Helper()
	for _, a := range acts {
		put, err := rules.PutAct(t.Context(), a)
		must(t, err)
		if want := a; put.Seq == 0 {
			t.Errorf("%+v has no sequence", put)
		} else if want.Seq = put.Seq; put != want {
			t.Errorf("got %+v, want %+v", put, want)
		}
		seqs = append(seqs, put.Seq)
	}
	return seqs
}

func actsInOrder(t *testing.T, rules chat.Rules) {
	var want []chat.Act
	for i := range 5 {
		want = append(want, chat.Act{At: int64(i) + 1, By: "by", ByName: "By", Do: "mute", Room: "room", Person: "p", Name: "P", Detail: fmt.Sprint(i)})
	}
	seqs := putActs(t, rules, want...)
	for i := range want {
		want[i].Seq = seqs[i]
		if i > 0 && seqs[i] != seqs[i-1]+1 {
			t.Errorf("sequences %d", seqs)
		}
	}
	slices.Reverse(want)
	for limit := range 5 {
		got, err := rules.Acts(t.Context(), 0, limit)
		if err != nil || !slices.Equal(got, want[:limit]) {
			t.Errorf("newest %d: %+v, %v", limit, got, err)
		}
	}
	if got, err := rules.Acts(t.Context(), seqs[3], 2); err != nil || !slices.Equal(got, want[2:4]) {
		t.Errorf("before %d: %+v, %v", seqs[3], got, err)
	}
	if got, err := rules.Acts(t.Context(), 1, 10); err != nil || len(got) != 0 {
		t.Errorf("before the first: %+v, %v", got, err)
	}
	together(8, func(i int) { putActs(t, rules, chat.Act{Do: fmt.Sprint(i)}) })
	got, err := rules.Acts(t.Context(), 0, 9)
	must(t, err)
	for i := range got[1:] {
		if got[i].Seq != got[i+1].Seq+1 {
			t.Errorf("written at once: %+v", got)
		}
	}
}

func actOnce(t *testing.T, rules chat.Rules) {
	act := chat.Act{At: 1, By: fresh("by"), ByName: "By", Do: "erase", Person: "p", Detail: "3 messages"}
	first, err := rules.PutActOnce(t.Context(), act)
	must(t, err)
	if want := act; first.Seq == 0 {
		t.Errorf("%+v has no sequence", first)
	} else if want.Seq = first.Seq; first != want {
		t.Errorf("got %+v, want %+v", first, want)
	}
	others := []chat.Act{act, act, act, act} // each differs in what tells acts apart
	others[0].At, others[1].By, others[2].Do, others[3].Person = 2, fresh("another"), "purge", "q"
	for _, a := range others {
		if put, err := rules.PutActOnce(t.Context(), a); err != nil || put.Seq <= first.Seq {
			t.Errorf("another act: %+v, %v", put, err)
		}
	}
	again := act
	again.ByName, again.Detail = "", "0 messages"
	if got, err := rules.PutActOnce(t.Context(), again); err != nil || got != first {
		t.Errorf("again: %+v, %v, want %+v", got, err, first)
	}
	at := act
	at.At = 3
	together(8, func(int) {
		if _, err := rules.PutActOnce(t.Context(), at); err != nil {
			t.Error(err)
		}
	})
	newest, err := rules.Acts(t.Context(), 0, 100)
	must(t, err)
	if n := len(slices.DeleteFunc(newest, func(a chat.Act) bool { return !a.Same(at) })); n != 1 {
		t.Errorf("eight at once: %d entries", n)
	}
	putActs(t, rules, act) // which is free to say it again
}

func forgetActs(t *testing.T, rules chat.Rules) {
	ann, bob := fresh("ann"), fresh("bob")
	putActs(t, rules,
		chat.Act{By: ann, ByName: "Ann", Do: "mute", Person: bob, Name: "Bob", Detail: "for Bob"},
		chat.Act{By: bob, ByName: "Bob", Do: "mute", Person: ann, Name: "Ann", Detail: "for Ann"})
	for range 2 {
		must(t, rules.ForgetActs(t.Context(), ann))
		got, err := rules.Acts(t.Context(), 0, 2)
		must(t, err)
		for i := range got {
			got[i].Seq = 0
		}
		want := []chat.Act{
			{By: bob, ByName: "Bob", Do: "mute", Person: ann},
			{By: ann, Do: "mute", Person: bob, Name: "Bob", Detail: "for Bob"},
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func cancelledRules(t *testing.T, rules chat.Rules) {
	r := aRule()
	for what, err := range map[string]error{
		"PutRule":    rules.PutRule(cancelled(), r),
		"TakeRule":   third(rules.TakeRule(cancelled(), r.Kind, r.Room, r.Subject)),
		"UseRule":    third(rules.UseRule(cancelled(), r.Kind, r.Room, r.Subject)),
		"AllRules":   second(rules.AllRules(cancelled())),
		"PutAct":     second(rules.PutAct(cancelled(), chat.Act{Do: r.Subject})),
		"PutActOnce": second(rules.PutActOnce(cancelled(), chat.Act{Do: r.Subject})),
		"Acts":       second(rules.Acts(cancelled(), 0, 1)),
		"ForgetActs": rules.ForgetActs(cancelled(), r.Subject),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, ok := ruleOf(t, rules, r.Kind, r.Room, r.Subject); ok {
		t.Error("the rule was laid down")
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }
