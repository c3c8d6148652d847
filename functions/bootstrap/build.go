package main

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley/chat"
	"parley/dynamo"
	"parley/functions"
	"parley/protocol"
)

// rulesAge is how long a ban or a mute may take to hold in all processes. Each
// that is at work reads the rules that often: one query.
const rulesAge = 2 * time.Second

// build puts the function together before the first event is asked for: Lambda
// gives a starting process a whole CPU, and later the share its memory buys.
func build(getenv func(string) string, stderr io.Writer) (functions.Handler, error) {
	s, err := readSettings(getenv)
	if err != nil {
		return nil, err
	}
	logger := newLogger(stderr, s.logLevel)
	store := dynamo.New(dynamo.NewClient(dynamo.ClientOptions{
		Region:   s.region,
		Endpoint: s.dynamodb,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s.credentials.AccessKeyID, SecretAccessKey: s.credentials.SecretAccessKey, SessionToken: s.credentials.SessionToken}, nil
		}),
	}), dynamo.Options{Table: s.table, Logger: logger})
	poster, err := functions.NewPoster(functions.PosterOptions{
		Endpoint: s.management, Region: s.region, Credentials: s.credentials, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	again, err := s.invoker()
	if err != nil {
		return nil, err
	}
	sharers := again
	if s.shareFrom == 0 {
		sharers = nil
	}
	sharing := functions.NewSharing(functions.SharingOptions{Poster: poster, Members: store, Invoker: sharers, From: s.shareFrom, Logger: logger})
	talk := chat.New(chat.Ports{Connections: store, Members: store, Log: store, People: store, Poster: sharing, Rules: store, Counter: store}, chat.Options{
		Server: "parley " + version,
		// What this process sees of a person; more than a fifth of it is counted
		// together with what the others see, by the Counter.
		Rates:         &protocol.Rates{},
		RulesAge:      rulesAge,
		RepeatsToRoom: true, // the first attempt may have died between its commit and its fan-out
		// At once: between two events this process is frozen, and its timers with it.
		// To few: each is told by a post of its own, which costs as a message does.
		PresenceDelay:  -1,
		PresencePeople: protocol.MaxTypingPeople,
		Logger:         logger,
	})
	return functions.New(talk, functions.Options{
		OriginSecrets: s.originSecrets, SiteOrigins: s.siteOrigins, Shares: sharing, Again: again, Logger: logger,
	}).Handler(s.handler)
}

// invoker has further invocations of this very function made, where it may.
func (s *settings) invoker() (functions.Invoker, error) {
	if s.function == "" || s.handler != functions.OnAction {
		return nil, nil
	}
	return functions.NewLambda(functions.LambdaOptions{Function: s.function, Region: s.region, Credentials: s.credentials, Endpoint: s.lambda})
}
