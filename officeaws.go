package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/chat"
	"parley/dynamo"
	"parley/functions"
	"parley/protocol"
)

// officeOfStack works on the table of a chat in AWS, and posts to whom it
// concerns, with the rights of whoever gives the command.
func officeOfStack(ctx context.Context, e *environment, stack awsFlags, logger *slog.Logger) (office, func() error, error) {
	stack.JSON = true // what is told of the stack goes to standard error
	opened, err := stack.open(ctx, e, false)
	if err != nil {
		return nil, nil, known(err)
	}
	reach, err := opened.Reach(ctx)
	if err != nil {
		return nil, nil, known(err)
	}
	credentials, err := reach.DynamoDB.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("find credentials: %w", err)
	}
	poster, err := functions.NewPoster(functions.PosterOptions{
		Endpoint: reach.Management, Region: opened.Region, Logger: logger,
		Credentials: functions.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken},
	})
	if err != nil {
		return nil, nil, err
	}
	return officeOfTable(reach.DynamoDB, reach.Table, poster, reach.Website, logger)
}

// officeOfTable works on the chat that a table holds.
func officeOfTable(client *dynamodb.Client, table string, poster chat.Poster, website string, logger *slog.Logger) (office, func() error, error) {
	store := dynamo.New(client, dynamo.Options{Table: table, Logger: logger})
	talk := chat.New(
		chat.Ports{Connections: store, Members: store, Log: store, People: store, Rules: store, Poster: poster},
		chat.Options{ // as the functions have them
			RepeatsToRoom: true, PresenceDelay: -1, PresencePeople: protocol.MaxTypingPeople, RulesAge: 2 * time.Second, Logger: logger,
		},
	)
	end := func() error {
		talk.Close()
		return nil
	}
	return &chatOffice{talk, website}, end, nil
}
