package dynamo_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.uber.org/goleak"

	"parley/dynamo"
	"parley/e2e"
)

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("rapid.checks", "25") // of 100: each is dozens of HTTP calls here
	code := m.Run()
	transport.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var transport = &http.Transport{MaxIdleConnsPerHost: 64}

// client returns a client of a DynamoDB at a URL.
func client(url string) *dynamodb.Client {
	return dynamo.NewClient(dynamo.ClientOptions{
		Region: "eu-central-1", Endpoint: url, HTTP: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

var tables atomic.Int64

// newTable makes a table that no other test uses and returns its name.
func newTable(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("parley-%d", tables.Add(1))
	// A machine that has just unpacked the emulator may stall its first answer
	// for many seconds; to make a table again is no error.
	var err error
	for range 3 {
		if err = createTable(e2e.DynamoDB(t), name); err == nil {
			return name
		}
	}
	t.Fatal(err)
	return ""
}

func createTable(url, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return dynamo.CreateTable(ctx, client(url), name)
}

// open returns a store over a table of its own.
func open(t testing.TB) *dynamo.Store {
	t.Helper()
	return dynamo.New(client(e2e.DynamoDB(t)), dynamo.Options{Table: newTable(t)})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
