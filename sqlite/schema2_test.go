package sqlite

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"parley/chat"
)

// TestMigrateFromSchema2: testdata/schema2.sql is what the last program of that
// schema wrote. Nothing of it is lost, nothing that was taken back returns, what
// was said is said once still, and that program does not touch the file any more.
func TestMigrateFromSchema2(t *testing.T) {
	written, err := os.ReadFile("testdata/schema2.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	withFile(t, path, string(written))

	s := openTest(t, Options{Dir: dir})
	anna, bert := chat.PersonID("annaannaannaanna"), chat.PersonID("bertbertbertbert")
	const at = 1767225600000
	want := map[string][]chat.Entry{
		"general": {
			{Seq: 1, Kind: chat.KindMessage, At: at + 1, Person: anna, From: "Ánna", ID: "a1", Text: "good morning"},
			{Seq: 2, Kind: chat.KindMessage, At: at + 2, Person: bert, From: "Bert", ID: "b1", Text: "it's \"SQL\"; '--\n日本 🙂"},
			{Seq: 3, Kind: chat.KindMessage, At: at + 3, Person: anna, From: "Ánna", ID: "a2", Text: "second words, and more of them", Edited: 4},
			{Seq: 4, Kind: chat.KindEdit, At: at + 4, Person: anna, From: "Ánna", ID: "a3", Text: "second words, and more of them", Target: 3},
			{Seq: 5, Kind: chat.KindMessage, At: at + 5, Person: bert, From: "Bert", ID: "b2", Deleted: 6},
			{Seq: 6, Kind: chat.KindDelete, At: at + 6, Person: bert, From: "Bert", ID: "b3", Target: 5},
			{Seq: 7, Kind: chat.KindMessage, At: at + 7, Person: bert, From: "Bert", Text: "without an id"},
		},
		"räume # 1": {{Seq: 1, Kind: chat.KindMessage, At: at + 8, Person: anna, From: "Ánna", ID: "a1", Text: "elsewhere"}},
	}
	for room, entries := range want {
		got, err := s.Range(t.Context(), room, 1, 99, 1<<20)
		if err != nil || len(got) != len(entries) {
			t.Fatalf("%s: %d entries, %v, want %d", room, len(got), err, len(entries))
		}
		for i := range entries {
			if got[i] != entries[i] { // Lost, too: the checksums hold
				t.Errorf("%s:\ngot  %+v\nwant %+v", room, got[i], entries[i])
			}
		}
	}
	if rooms, err := s.Rooms(t.Context(), 9); err != nil || len(rooms) != 2 || rooms[0].Room != "räume # 1" || rooms[1].Head != 7 {
		t.Errorf("rooms: %+v, %v", rooms, err)
	}

	p, err := s.PersonBySession(t.Context(), sha256.Sum256([]byte("anna's session")))
	if err != nil || p.ID != anna || p.Name != "Ánna" || p.Skeleton != "ánna" || p.Created != at || p.Seen != at+5 || p.Role != "" || len(p.Admitted) > 0 {
		t.Errorf("anna: %+v, %v", p, err)
	}
	if p, err = s.PersonByName(t.Context(), "bert"); err != nil || p.ID != bert || p.Holder != "AAECAwQFBgcICQo=" || p.Session != [32]byte{} {
		t.Errorf("bert: %+v, %v", p, err)
	}
	if found, err := s.Persons(t.Context(), "carlcarlcarlcarl"); err != nil || len(found) != 1 || found[0].Name != "Carl" || found[0].Skeleton != "" {
		t.Errorf("carl: %+v, %v", found, err)
	}

	again := chat.Entry{Kind: chat.KindMessage, At: at + 20, Person: bert, From: "Bert", ID: "b1", Text: "again"}
	if got, err := s.Append(t.Context(), "general", again); err != nil || !got[0].Repeat || got[0].Seq != 2 {
		t.Errorf("what was said before the migration, sent again: %+v, %v", got, err)
	}
	if got, err := s.Append(t.Context(), "general", chat.Entry{Kind: chat.KindMessage, At: at + 20, Person: bert, From: "Bert", ID: "b9", Text: "new"}); err != nil || got[0].Repeat || got[0].Seq != 8 {
		t.Errorf("what is said after it: %+v, %v", got, err)
	}
	if err := s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: bert, At: at}); err != nil {
		t.Errorf("lay down a rule: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if v := askFile(t, path, "PRAGMA user_version"); v != fmt.Sprint(len(migrations)) {
		t.Errorf("user_version: got %s, want %d", v, len(migrations))
	}
	if v := askFile(t, copyPath(path, 2), "PRAGMA user_version"); v != "2" {
		t.Errorf("the copy's user_version: got %s, want 2", v)
	}
	if s, err := open(t.Context(), Options{Dir: dir}, migrations[:2]); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("the program of schema 2: got %v, %v, want ErrNewerSchema", s, err)
	}

	// The copy has no text that the file has not: it stays until one has to go, though edits and deletes are in both.
	s = openTest(t, Options{Dir: dir})
	if v := askFile(t, copyPath(path, 2), "SELECT count(*) FROM entry"); v != "8" {
		t.Errorf("the copy's entries after another start: got %s, want 8", v)
	}
	if got, err := s.Append(t.Context(), "general", chat.Entry{Kind: chat.KindDelete, At: at + 30, Person: anna, Target: 1}); err != nil || got[0].Refused != nil {
		t.Fatal(got, err)
	}
	dead := t.TempDir() // as it would be found had it died now
	for _, name := range []string{FileName, FileName + "-wal", filepath.Base(copyPath(path, 2))} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dead, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openTest(t, Options{Dir: dead})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, dead} {
		if found := filesWith(t, dir, "good morning"); len(found) > 0 {
			t.Errorf("deleted, and still in %v", found)
		}
	}
}
