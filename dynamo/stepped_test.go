package dynamo_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/dynamo"
	"parley/e2e"
)

// stepped is a client whose calls wait until they are let through, one by one.
type stepped struct {
	dynamo.Client
	step chan struct{} // one receive allows one call; closed: all
	done chan struct{} // one send for each call that was done
	free chan struct{} // closed with step: nobody listens to done any more
}

func (c *stepped) wait() func() {
	<-c.step
	return func() {
		select {
		case c.done <- struct{}{}:
		case <-c.free:
		}
	}
}

func (c *stepped) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	defer c.wait()()
	return c.Client.GetItem(ctx, in, o...)
}

func (c *stepped) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	defer c.wait()()
	return c.Client.Query(ctx, in, o...)
}

func (c *stepped) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	defer c.wait()()
	return c.Client.PutItem(ctx, in, o...)
}

func (c *stepped) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	defer c.wait()()
	return c.Client.DeleteItem(ctx, in, o...)
}

// interleave runs two functions at once on one table, whose calls take turns:
// an a lets the first make one, a b the second, a dot calls between. What is
// left after the last turn runs freely.
func interleave(t testing.TB, table, turns string, do [2]func(*dynamo.Store), between func()) {
	t.Helper()
	var both sync.WaitGroup
	var clients [2]*stepped
	var ended [2]chan struct{}
	free := make(chan struct{})
	for i := range do {
		clients[i] = &stepped{Client: client(e2e.DynamoDB(t)), step: make(chan struct{}), done: make(chan struct{}), free: free}
		ended[i] = make(chan struct{})
		both.Go(func() {
			defer close(ended[i])
			do[i](dynamo.New(clients[i], dynamo.Options{Table: table}))
		})
	}
	for _, turn := range turns {
		if turn == '.' {
			between()
			continue
		}
		i := turn - 'a'
		select {
		case clients[i].step <- struct{}{}:
			<-clients[i].done
		case <-ended[i]:
		}
	}
	close(free)
	for _, c := range clients {
		close(c.step)
	}
	both.Wait()
}

// everySchedule tries all ways in which the first 6 calls of two functions can
// follow each other, and the longer ones that are given. An append alone has 3
// or 4 calls, a change of name 4 to 6.
func everySchedule(t *testing.T, try func(t *testing.T, turns string), more ...string) {
	const bits = 6
	for schedule := range 1 << bits {
		more = append(more, strings.NewReplacer("0", "a", "1", "b").Replace(fmt.Sprintf("%0*b", bits, schedule)))
	}
	for _, turns := range more {
		try(t, turns)
		if t.Failed() {
			t.Fatalf("the calls' turns were %s", turns)
		}
	}
}
