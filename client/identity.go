package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Person is who one is at one server.
type Person struct {
	Session string `json:"session"` // secret: who has it is this person
	Name    string `json:"name"`
}

// Identity keeps a Person.
type Identity interface {
	Load() (Person, error) // the zero Person: nothing was kept yet
	Save(Person) error     // when it returns, it outlives the process
}

// IdentityFile keeps a Person in a file of its own, for its owner alone (0600).
// The folder is made when there is something to keep. It is written so that a
// crash leaves either the old one or the new one.
type IdentityFile string

// Load reads the file. One that is damaged is left alone, and told.
func (f IdentityFile) Load() (Person, error) {
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return Person{}, nil
	} else if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	var p Person
	if err := json.Unmarshal(b, &p); err != nil || p.Session == "" || strings.TrimSpace(p.Session) != p.Session {
		return Person{}, &DamagedError{File: string(f)}
	}
	return p, nil
}

// ErrIdentity says that a file could not be read or written.
var ErrIdentity = errors.New("cannot keep who one is")

// DamagedError says that a file does not hold what it should. It was not changed.
type DamagedError struct{ File string }

func (e *DamagedError) Error() string { return e.File + " is damaged" }

// Save writes the file.
func (f IdentityFile) Save(p Person) error {
	b, err := json.Marshal(p, jsontext.Multiline(true))
	if err != nil {
		return err
	}
	if err := replaceFile(string(f), append(b, '\n')); err != nil {
		return fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return nil
}

// replaceFile puts a file in the place of another, whole and durable.
func replaceFile(name string, content []byte) error {
	folder := filepath.Dir(name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(folder, "."+filepath.Base(name)+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = t.Write(content)
	err = errors.Join(err, t.Sync(), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), name)
	}
	if err != nil {
		os.Remove(t.Name())
	}
	return err
}

// appendTo opens a file to append to, and makes it where it is not there.
func appendTo(name string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}
