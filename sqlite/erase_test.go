package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/chat"
	"parley/chat/chattest"
)

func TestRules(t *testing.T) {
	chattest.Rules(t, func(t testing.TB) chat.Rules { return openTest(t, Options{}) })
	s := openTest(t, Options{})
	const all = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO rule SELECT 'mute', '', i, 0, '', '', '', '', '', 0, 0 FROM n`
	if _, err := s.writer.conn.ExecContext(t.Context(), all, chat.MaxRules); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: "7"}); err != nil {
		t.Errorf("in the place of another: %v", err)
	}
	if err := s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleMute, Subject: "x"}); !errors.Is(err, chat.ErrTooManyRules) {
		t.Errorf("one too many: %v", err)
	}
}

func TestEraser(t *testing.T) {
	chattest.Eraser(t, func(t testing.TB) chat.MessageLog { return openTest(t, Options{}) })
	chattest.PeopleEraser(t, openTest(t, Options{}))
}

func TestRulesOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, Options{Dir: dir})
	if err := s.PutRule(t.Context(), chat.Rule{Kind: chat.RuleBan, Subject: "p", Reason: "Spam"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAct(t.Context(), chat.Act{Do: "ban", Person: "p"}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = openTest(t, Options{Dir: dir})
	if all, err := s.AllRules(t.Context()); err != nil || len(all) != 1 || all[0].Reason != "Spam" {
		t.Errorf("%+v, %v", all, err)
	}
	if acts, err := s.Acts(t.Context(), 0, 9); err != nil || len(acts) != 1 || acts[0].Seq != 1 {
		t.Errorf("%+v, %v", acts, err)
	}
}

// TestNobodyIsLeft: after a person is erased no file has a name or a text of
// theirs, also where rows had moved between pages.
func TestNobodyIsLeft(t *testing.T) {
	const name, person = "NAME-OF-SOMEBODY", "other 2000" // in the middle of the others, so that it moves with them
	s := openTest(t, Options{})
	dir := filepath.Dir(s.path)
	for i := range 2000 { // moves the one person's rows from page to page
		others := chat.Person{ID: fmt.Sprint("other ", i*7919%2000, "0"), Name: strings.Repeat("x", i%40), Skeleton: fmt.Sprint("other ", i), Created: 1}
		if i%100 == 50 {
			others = chat.Person{ID: person, Name: name, Skeleton: name + strings.Repeat("y", i%70), Created: 1}
		}
		if err := s.PutPerson(t.Context(), others); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 400 {
		who := []string{person, "q"}[i%2]
		from := map[string]string{person: name, "q": "Other"}[who]
		if _, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: who, From: from, Text: "text of " + from, ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PutAct(t.Context(), chat.Act{By: who, ByName: from, Person: person, Name: name, Detail: "about " + name}); err != nil {
			t.Fatal(err)
		}
		rule := chat.Rule{Kind: chat.RuleMute, Room: fmt.Sprint(i * 7919 % 400), Subject: person, Name: name, By: person, ByName: name, Reason: strings.Repeat("r", i%90)}
		if err := s.PutRule(t.Context(), rule); err != nil {
			t.Fatal(err)
		}
	}
	if found := filesWith(t, dir, name); len(found) == 0 {
		t.Fatal("there is nothing to erase")
	}
	for place, err := range s.SaidBy(t.Context(), person, "") {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), place.Room, chat.Entry{Kind: chat.KindDelete, Person: person, From: name, Target: place.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{s.ForgetSender(t.Context(), person), s.ForgetActs(t.Context(), person), s.ErasePerson(t.Context(), person)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	scrubNow(t, s)
	if found := filesWith(t, dir, name); len(found) > 0 {
		t.Errorf("still in %v", found)
	}
	if entries, err := s.Range(t.Context(), "room", 1, 1000, 1<<30); err != nil || len(entries) != 600 {
		t.Errorf("%d entries, %v", len(entries), err)
	} else {
		for _, e := range entries {
			if e.Lost || e.Person == "q" && e.Text != "text of Other" {
				t.Fatalf("%+v", e)
			}
		}
	}
}

// TestTrimmedTextsAreGone: what lies below the floor is in no file.
func TestTrimmedTextsAreGone(t *testing.T) {
	const old, name, person = "OLD-TEXT-OF-SOMEBODY", "NAME-OF-SOMEBODY", "p"
	s := openTest(t, Options{})
	for i := range 500 {
		text, from := old, name
		if i >= 450 {
			text, from = "new", "Other"
		}
		if _, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: person, From: from, Text: text, ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Trim(t.Context(), "room", 450); err != nil {
		t.Fatal(err)
	}
	scrubNow(t, s)
	if found := append(filesWith(t, filepath.Dir(s.path), old), filesWith(t, filepath.Dir(s.path), name)...); len(found) > 0 {
		t.Errorf("still in %v", found)
	}
	if again, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: person, From: person, Text: "x", ID: "3"}); err != nil || !again[0].Repeat || again[0].Lost {
		t.Errorf("sent again: %+v, %v", again, err)
	}
}

// TestNobodyIsLeftAfterACrash: what died before its scrub is scrubbed by the next start.
func TestNobodyIsLeftAfterACrash(t *testing.T) {
	const name = "NAME-OF-SOMEBODY"
	for what, erase := range map[string]func(*Store) error{
		"trimmed": func(s *Store) error { return s.Trim(t.Context(), "room", 2) },
		"erased":  func(s *Store) error { return s.ErasePerson(t.Context(), "p") },
		"acts":    func(s *Store) error { return s.ForgetActs(t.Context(), "p") },
		"sender":  func(s *Store) error { return s.ForgetSender(t.Context(), "p") },
	} {
		t.Run(what, func(t *testing.T) {
			s := openTest(t, Options{})
			var err error
			switch what {
			case "trimmed", "sender":
				_, err = s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "p", From: name, Text: "x"}, chat.Entry{Kind: chat.KindMessage, Person: "p", From: name, Text: "x"})
			case "erased":
				err = s.PutPerson(t.Context(), chat.Person{ID: "p", Name: name, Created: 1})
			case "acts":
				_, err = s.PutAct(t.Context(), chat.Act{By: "p", ByName: name})
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := erase(s); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir() // what a crash leaves
			for _, file := range []string{FileName, FileName + "-wal"} {
				content, err := os.ReadFile(filepath.Join(filepath.Dir(s.path), file))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(copyPath(filepath.Join(dir, FileName), 2), []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
			again := openTest(t, Options{Dir: dir})
			if found := filesWith(t, dir, name); len(found) > 0 {
				t.Errorf("still in %v", found)
			}
			if wiped, err := isWiped(t.Context(), again.writer.conn.Conn); wiped || err != nil {
				t.Errorf("it is noted still: %v, %v", wiped, err)
			}
		})
	}
}

// TestDamagedIsForgottenToo: an entry whose checksum is wrong keeps neither name nor text.
func TestDamagedIsForgottenToo(t *testing.T) {
	const name, text = "NAME-OF-SOMEBODY", "TEXT-OF-SOMEBODY"
	s := openTest(t, Options{})
	if _, err := s.Append(t.Context(), "room", chat.Entry{Kind: chat.KindMessage, Person: "p", From: name, Text: text}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), "UPDATE entry SET checksum = checksum + 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetSender(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	scrubNow(t, s)
	if found := append(filesWith(t, filepath.Dir(s.path), name), filesWith(t, filepath.Dir(s.path), text)...); len(found) > 0 {
		t.Errorf("still in %v", found)
	}
	if entries, err := s.Range(t.Context(), "room", 1, 1, 100); err != nil || len(entries) != 1 || !entries[0].Lost {
		t.Errorf("%+v, %v", entries, err)
	}
}
