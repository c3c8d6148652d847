package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"parley/chat"
	"parley/gateway"
)

// officeFile tells the owner of a data directory where the server that has it
// takes commands, and by which token it knows them. It stands there while the
// server runs, for its owner's eyes alone.
const officeFile = "parley.office"

// officeDoor is what officeFile says.
type officeDoor struct {
	Address string `json:"address"` // of the management listener
	Token   string `json:"token"`
}

// errand is what a command has done, as JSON; outcome is the answer to it.
type errand struct {
	Person string `json:"person,omitzero"`
	Name   string `json:"name,omitzero"`
	Before uint64 `json:"before,omitzero"`
	Limit  int    `json:"limit,omitzero"`
}

type outcome struct {
	Link     string     `json:"link,omitzero"`
	Person   string     `json:"person,omitzero"`
	Messages int        `json:"messages,omitzero"`
	Acts     []chat.Act `json:"acts,omitzero"`

	Error    string `json:"error,omitzero"`
	NoPerson bool   `json:"noPerson,omitzero"` // Error is that there is no such person
}

// officeHours lets an office be asked over the management listener, once it is open.
type officeHours struct {
	next http.Handler // what else is there
	open atomic.Pointer[openOffice]
}

type openOffice struct {
	office
	token string
}

// ServeHTTP answers POST /office/link, /office/erase and /office/audit to whoever
// has the token, and passes on what is not for the office.
func (h *officeHours) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	do, ours := strings.CutPrefix(r.URL.Path, "/office/")
	if !ours {
		h.next.ServeHTTP(w, r)
		return
	}
	if !gateway.IsLocalHost(r.Host) || len(r.Header.Values("Origin")) > 0 { // a web page may reach this port
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	open := h.open.Load()
	if open == nil || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+open.token)) != 1 {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	var asked errand
	if err := json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&asked); err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	var (
		done outcome
		err  error
		ctx  = context.WithoutCancel(r.Context()) // what was begun is finished, whether the command waits or not
	)
	switch do {
	case "link":
		done.Link, err = open.OperatorLink(ctx)
	case "erase":
		done.Person, done.Messages, err = open.Erase(ctx, asked.Person, asked.Name)
	case "audit":
		done.Acts, err = open.Acts(ctx, asked.Before, asked.Limit)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		done = outcome{Error: err.Error(), NoPerson: errors.Is(err, chat.ErrNoPerson)}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(done)
}

// begin opens an office to those who can read officeFile in a data directory, and
// returns what closes it.
func (h *officeHours) begin(o office, dir, address string) (end func(), err error) {
	door := officeDoor{Address: address, Token: rand.Text()}
	text, err := json.Marshal(door)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, officeFile)
	os.Remove(path) // of a run that crashed; its mode would stay
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("tell commands where this server is: %w", err)
	}
	h.open.Store(&openOffice{o, door.Token})
	return func() {
		h.open.Store(nil)
		os.Remove(path)
	}, nil
}

// findOffice returns the office of the server that has a data directory.
func findOffice(dir string) (office, error) {
	text, err := os.ReadFile(filepath.Join(dir, officeFile))
	var door officeDoor
	if err == nil {
		err = json.Unmarshal(text, &door)
	}
	if err != nil {
		return nil, &failure{
			err:  fmt.Errorf("a running parley has %s, and does not say where it takes commands: %w", dir, err),
			hint: "stop it first, or start it without --management off", code: exitData,
		}
	}
	return &door, nil
}

func (d *officeDoor) OperatorLink(ctx context.Context) (string, error) {
	done, err := d.ask(ctx, "link", errand{})
	return done.Link, err
}

func (d *officeDoor) Erase(ctx context.Context, id, name string) (chat.PersonID, int, error) {
	done, err := d.ask(ctx, "erase", errand{Person: id, Name: name})
	return done.Person, done.Messages, err
}

func (d *officeDoor) Acts(ctx context.Context, before uint64, limit int) ([]chat.Act, error) {
	done, err := d.ask(ctx, "audit", errand{Before: before, Limit: limit})
	return done.Acts, err
}

func (d *officeDoor) ask(ctx context.Context, do string, asked errand) (done outcome, err error) {
	text, err := json.Marshal(asked)
	if err != nil {
		return done, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+d.Address+"/office/"+do, bytes.NewReader(text))
	if err != nil {
		return done, err
	}
	r.Header.Set("Authorization", "Bearer "+d.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return done, &failure{err: fmt.Errorf("the parley that has the data does not answer: %w", err), hint: "stop it, and give the command again", code: exitUnreached}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return done, fmt.Errorf("the parley that has the data answers %s", answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(&done); err != nil {
		return done, fmt.Errorf("the parley that has the data: %w", err)
	}
	switch {
	case done.NoPerson:
		return done, chat.ErrNoPerson
	case done.Error != "":
		return done, errors.New(done.Error)
	}
	return done, nil
}
