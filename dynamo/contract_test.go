package dynamo_test

import (
	"path/filepath"
	"testing"

	"parley/chat"
	"parley/chat/chattest"
	"parley/dynamo"
	"parley/e2e"
)

func TestConnectionTable(t *testing.T) {
	e2e.DynamoDB(t) // skips once, not in every sub-test
	chattest.ConnectionTable(t, func(t testing.TB) chattest.Table { return open(t) })
}

func TestMessageLog(t *testing.T) {
	e2e.DynamoDB(t)
	chattest.MessageLog(t, func(t testing.TB) chat.MessageLog { return open(t) })
}

func TestPeople(t *testing.T) {
	e2e.DynamoDB(t)
	chattest.People(t, func(t testing.TB) chat.People { return open(t) })
}

// Opened again is another function on the same table.
func TestMessageLogReopen(t *testing.T) {
	again := reopen(t)
	chattest.MessageLogReopen(t, func(t testing.TB, dir string) (chat.MessageLog, func()) { return again(dir), func() {} })
}

func TestPeopleReopen(t *testing.T) {
	again := reopen(t)
	chattest.PeopleReopen(t, func(t testing.TB, dir string) (chat.People, func()) { return again(dir), func() {} })
}

// reopen returns what opens one table for each directory.
func reopen(t testing.TB) func(dir string) *dynamo.Store {
	tables := make(map[string]string)
	c := client(e2e.DynamoDB(t))
	return func(dir string) *dynamo.Store {
		dir = filepath.Clean(dir)
		if tables[dir] == "" {
			tables[dir] = newTable(t)
		}
		return dynamo.New(c, dynamo.Options{Table: tables[dir]})
	}
}

func TestRulesContract(t *testing.T) {
	e2e.DynamoDB(t)
	chattest.Rules(t, func(t testing.TB) chat.Rules { return open(t) })
}

func TestEraser(t *testing.T) {
	e2e.DynamoDB(t)
	chattest.Eraser(t, func(t testing.TB) chat.MessageLog { return open(t) })
	chattest.PeopleEraser(t, open(t))
}
