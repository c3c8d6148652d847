package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"parley/client"
	"parley/protocol"
)

// placeFlags lead to one room of one chat, and to who one is there.
type placeFlags struct {
	URL   string `name:"url" default:"http://127.0.0.1:8080" env:"PARLEY_CHAT" placeholder:"URL" help:"The chat: its page, or its socket. Default: http://127.0.0.1:8080."`
	Room  string `short:"r" placeholder:"ROOM" help:"Default: the one in the URL (/r/ROOM), else general."`
	State string `env:"PARLEY_STATE" placeholder:"DIR" help:"Where it is kept who one is, a file for each chat. Default: $XDG_STATE_HOME/parley, else ~/.local/state/parley."`
}

// Exit codes of those who take part in a chat. exitData is said of --state too.
const (
	exitUnreached = 7  // nobody answers there, or no Parley
	exitRefused   = 11 // the chat does not take it: a name, a room, a text
	exitUnsure    = 12 // it may have been said or not

	exitInterrupted = 130 // by Ctrl-C, before all was done
)

// room is the one to be in.
func (p *placeFlags) room() string {
	if p.Room != "" {
		return p.Room
	}
	if u, err := url.Parse(p.URL); err == nil {
		if room, found := strings.CutPrefix(u.Path, "/r/"); found && room != "" {
			return room
		}
	}
	return protocol.GeneralRoom
}

// dial connects as whom the state directory knows. Of several first ones at once
// that want the same name one has it; the others are the same person then.
func (p *placeFlags) dial(ctx context.Context, e *environment, o client.Options) (*client.Client, error) {
	file, err := p.identity(e.getenv)
	if err != nil {
		return nil, err
	}
	o.URL, o.Identity = p.URL, client.IdentityFile(file)
	known, err := o.Identity.Load()
	nobodyYet := err == nil && known == client.Person{}
	c, err := client.Dial(ctx, o)
	var refusal *protocol.Error
	if errors.As(err, &refusal) && refusal.Code == protocol.NameTaken && nobodyYet && appears(ctx, client.IdentityFile(file)) {
		c, err = client.Dial(ctx, o)
	}
	switch {
	case errors.Is(err, client.ErrUnanswered): // nothing was to be said yet
		return nil, unreached(err)
	case err != nil:
		return nil, p.explain(ctx, err)
	}
	return c, nil
}

// keeping is how long another command may take from when it has its name to when
// it has kept who it is: an answer of the chat, and a sync of a disk. Whoever is
// refused somebody else's name at the first time waits so long to be told.
const keeping = 2 * time.Second

// appears waits for another command to keep who it is.
func appears(ctx context.Context, file client.IdentityFile) bool {
	const every = 20 * time.Millisecond
	for end := time.Now().Add(keeping); time.Now().Before(end); {
		if p, err := file.Load(); err == nil && p.Session != "" {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(every):
		}
	}
	return false
}

// identity is the file for who one is at this chat. It is named for the host and
// port of the URL, so that no chat ever sees the secret of another.
func (p *placeFlags) identity(getenv func(string) string) (string, error) {
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" || !strings.Contains(" http https ws wss ", " "+u.Scheme+" ") {
		return "", &failure{err: fmt.Errorf("--url %q is not the address of a chat", p.URL), hint: "for example --url https://chat.example.com", code: exitUsage}
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[u.Scheme]
	}
	name := strings.ToLower(strings.NewReplacer("[", "", "]", "", ":", "_", "%", "_").Replace(net.JoinHostPort(u.Hostname(), port)))
	dir, err := p.stateDir(getenv)
	return filepath.Join(dir, name+".json"), err
}

// lastName is who one was at this chat, empty if that is not known. A server that
// has begun anew knows nobody, and is told it.
func (p *placeFlags) lastName(getenv func(string) string) string {
	file, err := p.identity(getenv)
	if err != nil {
		return ""
	}
	last, err := client.IdentityFile(file).Load()
	if err != nil {
		return "" // dial tells why
	}
	return last.Name
}

// stateDir is where such a file belongs on this system.
// https://specifications.freedesktop.org/basedir-spec/latest/
func (p *placeFlags) stateDir(getenv func(string) string) (string, error) {
	if p.State != "" {
		return p.State, nil
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "parley"), nil
	}
	if dir := getenv("LocalAppData"); runtime.GOOS == "windows" && dir != "" {
		return filepath.Join(dir, "parley"), nil
	}
	home := getenv("HOME")
	switch {
	case home == "":
		return "", &failure{err: errors.New("there is no home directory to keep in who one is"), hint: "give one: --state DIR", code: exitData}
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "parley"), nil
	}
	return filepath.Join(home, ".local", "state", "parley"), nil
}

// explain is what a client's error is to the one who typed the command.
func (p *placeFlags) explain(ctx context.Context, err error) error {
	var (
		refusal *protocol.Error
		damaged *client.DamagedError
	)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return &failure{err: errors.New("interrupted"), code: exitInterrupted}
	case errors.Is(err, client.ErrBroke), errors.Is(err, client.ErrUnanswered): // whatever the reason
		return &failure{err: errors.New(escaped(err.Error())), hint: "it may have been said or not: look before you send it again", code: exitUnsure}
	case errors.As(err, &refusal):
		f := &failure{err: errors.New(escaped(refusal.Message)), code: exitRefused}
		if refusal.Suggestion != "" {
			f.hint = "this name is free: --name " + quoted(escaped(refusal.Suggestion))
		}
		return f
	case errors.As(err, &damaged):
		return &failure{err: err, hint: "restore it, or remove it to be somebody new there", code: exitData}
	case errors.Is(err, client.ErrIdentity):
		return &failure{err: err, hint: "give a directory that you may write to: --state DIR", code: exitData}
	}
	return unreached(err)
}

func unreached(err error) error {
	return &failure{err: err, hint: "is it running there? parley serve runs one here; --url leads to another", code: exitUnreached}
}

// quoted is a word as a shell takes it.
func quoted(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-_.", r) && !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z')
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
