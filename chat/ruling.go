package chat

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley/protocol"
)

// dos are the actions that lay rules down; what is not here is not listed.
var dos = map[RuleKind]string{
	RuleRole: "appoint", RuleMute: "mute", RuleBan: "ban", RuleBanAddress: "ban", RuleLock: "lock", RuleSlow: "slow",
	RuleInvited: "invited", RuleInvitation: "invite", RuleRetention: "retain", RuleCreation: "creation",
}

// ruling is a rule on the wire.
func ruling(r Rule) protocol.Ruling {
	told := protocol.Ruling{Do: dos[r.Kind], Room: r.Room, Name: r.Name, Until: r.Until, Reason: r.Reason, By: r.By, ByName: r.ByName, At: r.At}
	switch r.Kind {
	case RuleBanAddress:
		told.Address, told.Person = shortened(r.Subject), r.Text
	case RuleInvitation:
		told.Key, told.Uses = r.Subject, int(r.Value)
	case RuleSlow:
		told.Every = r.Value
	case RuleRetention:
		told.Days = int(r.Value / day)
		told.Messages, _ = strconv.Atoi(r.Text) // empty: all
	case RuleRole:
		told.Person, told.Role = r.Subject, r.Text
	case RuleCreation:
		told.Role = r.Text
	default:
		told.Person = r.Subject
	}
	return told
}

// day is one in milliseconds.
const day = 24 * 60 * 60 * 1000

// shortened is an address of which the last part is left out: enough to tell two
// bans from each other, too little to find somebody.
func shortened(key string) string {
	key = strings.TrimSuffix(key, "/64")
	if i := strings.LastIndexAny(strings.TrimRight(key, ":"), ".:"); i >= 0 {
		return key[:i+1] + "…"
	}
	return key
}

// inForce returns the rules of a room and of all rooms, or all, the newest first.
func (b *rulebook) inForce(room string) []Rule {
	var all []Rule
	for _, r := range b.rules {
		if dos[r.Kind] != "" && !r.ended(b.now) && (room == "" || r.Room == "" || r.Room == room) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Rule) int {
		return cmp.Or(-cmp.Compare(a.At, b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Room, b.Room), cmp.Compare(a.Subject, b.Subject))
	})
	return all
}

// because adds a reason to a sentence, and ends it.
func because(reason string) string {
	if reason == "" {
		return "."
	}
	return ": " + reason
}

// forHow says until when, with the time left where it is known.
func forHow(until, now int64) string {
	if until == 0 {
		return ""
	}
	left := until - now
	for _, unit := range []struct {
		ms   int64
		name string
	}{{day, "day"}, {60 * 60 * 1000, "hour"}, {60 * 1000, "minute"}} {
		if left >= unit.ms {
			return " for " + count((left+unit.ms/2)/unit.ms, unit.name)
		}
	}
	return " for " + count((left+999)/1000, "second")
}

// count is a number of things.
func count(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

// banned is what a banned person is told.
func banned(r Rule, now int64) *protocol.Error {
	return ending(protocol.Errorf(protocol.Banned, "%s", "You are banned here"+forHow(r.Until, now)+because(r.Reason)), r.Until, now)
}

// ending tells with an error when what it is about ends.
func ending(e *protocol.Error, until, now int64) *protocol.Error {
	if until != 0 {
		e.After = max(1, until-now)
	}
	return e
}
