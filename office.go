package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"parley/chat"
	"parley/memory"
	"parley/sqlite"
)

// An office is where whoever runs a chat has things done: in the chat's data, or
// by the server that holds them.
type office interface {
	// OperatorLink returns a link that makes its opener an operator, once.
	OperatorLink(ctx context.Context) (string, error)
	// Erase takes away what is kept of a person, known by its id or else by its
	// name, and returns the id and how many messages it had said.
	Erase(ctx context.Context, id, name string) (chat.PersonID, int, error)
	// Acts returns at most limit entries of the audit log below before, newest
	// first; 0 is above the newest.
	Acts(ctx context.Context, before uint64, limit int) ([]chat.Act, error)
}

// chatOffice is the office of a chat in this process.
type chatOffice struct {
	chat    *chat.Chat
	website string // its page, without a slash at the end
}

func (o *chatOffice) OperatorLink(ctx context.Context) (string, error) {
	token, err := o.chat.OperatorLink(ctx)
	return operatorLink(o.website, token), err
}

func (o *chatOffice) Erase(ctx context.Context, id, name string) (chat.PersonID, int, error) {
	if id == "" {
		p, err := o.chat.PersonNamed(ctx, name)
		if err != nil {
			return "", 0, err
		}
		id = p.ID
	}
	n, err := o.chat.Erase(ctx, id, chat.Command)
	return id, n, err
}

func (o *chatOffice) Acts(ctx context.Context, before uint64, limit int) ([]chat.Act, error) {
	return o.chat.Rules.Acts(ctx, before, limit)
}

// officeFlags lead to the chat that a command is for.
type officeFlags struct {
	Data             string `env:"PARLEY_DATA" placeholder:"DIR" help:"The data of the chat on this machine, whether it runs or not. Default: as for parley serve."`
	URL              string `name:"url" env:"PARLEY_URL" placeholder:"URL" help:"Its page, where it does not run and so cannot tell. Default: http://127.0.0.1:8080."`
	Stack            string `placeholder:"NAME" help:"The chat in AWS instead, by its stack."`
	Region           string `placeholder:"REGION" help:"With --stack: where. Default: AWS_REGION, or the profile's."`
	Profile          string `placeholder:"NAME" help:"With --stack: profile of ~/.aws/config. Default: AWS_PROFILE, or what the environment holds."`
	DynamodbEndpoint string `env:"PARLEY_DYNAMODB_ENDPOINT" placeholder:"URL" help:"The chat of parley serve --functions instead, by its DynamoDB emulator. Whoever is connected is not told."`
	Table            string `default:"parley" env:"PARLEY_TABLE" placeholder:"NAME" help:"With --dynamodb-endpoint: its table. Default: parley."`
}

// open finds the office. The chat's data are opened by this process where they
// are free; where a server has them, it is asked.
func (f *officeFlags) open(ctx context.Context, e *environment) (office, func() error, error) {
	logger := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if f.Stack != "" {
		return officeOfStack(ctx, e, awsFlags{Stack: f.Stack, Region: f.Region, Profile: f.Profile}, logger)
	}
	data := serveCmd{Data: f.Data, URL: cmp.Or(f.URL, "http://127.0.0.1:8080"), Durability: string(sqlite.Full)}
	website, err := data.publicURL()
	if err != nil {
		return nil, nil, err
	}
	if f.DynamodbEndpoint != "" {
		return officeOfTable(emulator(f.DynamodbEndpoint, localCredentials(e.getenv)), f.Table, nobody{}, website.String(), logger)
	}
	dir, err := data.dataDir(e.getenv)
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.FileName)); err != nil {
		return nil, nil, &failure{err: fmt.Errorf("there is no chat in %s", dir), hint: "parley serve begins one; --data DIR leads to another", code: exitData}
	}
	store, _, err := data.openStore(ctx, e.getenv, logger)
	if errors.Is(err, sqlite.ErrLocked) {
		remote, err := findOffice(dir)
		return remote, func() error { return nil }, err
	}
	if err != nil {
		return nil, nil, err
	}
	connections := memory.NewTable()
	talk := chat.New(
		chat.Ports{Connections: connections, Members: connections, Log: store, People: store, Rules: store, Poster: nobody{}},
		chat.Options{Logger: logger},
	)
	end := func() error {
		talk.Close()
		return store.Close()
	}
	return &chatOffice{talk, website.String()}, end, nil
}

// nobody is the Poster of a chat that nobody is connected to.
type nobody struct{}

func (nobody) Post(ctx context.Context, frames [][]byte, to []chat.ConnectionID) (gone []chat.ConnectionID, err error) {
	return to, nil
}

func (nobody) Close(ctx context.Context, code int, reason string, ids ...chat.ConnectionID) error {
	return nil
}
