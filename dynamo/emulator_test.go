package dynamo_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"go.uber.org/goleak"

	"parley/dynamo"
	"parley/e2e"
)

// emulator is the dynalite of this test binary: started by the first test that
// needs it, and ended with the binary. It ends by itself when its standard
// input does, so that not even a killed binary leaves one behind.
var emulator struct {
	once  sync.Once
	stdin io.Closer
	cmd   *exec.Cmd
	url   string
	err   error
}

const startEmulator = `
const server = require('dynalite')({ createTableMs: 0, deleteTableMs: 0 })
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))
process.stdin.on('end', () => process.exit()).resume()
`

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("rapid.checks", "25") // of 100: each is dozens of HTTP calls here
	code := m.Run()
	if emulator.cmd != nil {
		emulator.stdin.Close()
		emulator.cmd.Wait()
	}
	transport.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// endpoint returns the emulator's URL, or skips the test where there is none.
func endpoint(t testing.TB) string {
	t.Helper()
	modules := e2e.NodeModules(t)
	node := e2e.Need(t, "node")
	if _, err := os.Stat(filepath.Join(modules, "dynalite")); err != nil {
		t.Fatal(err)
	}
	emulator.once.Do(func() {
		cmd := exec.Command(node, "-e", startEmulator)
		cmd.Dir = filepath.Dir(modules)
		cmd.Stderr = os.Stderr
		stdin, err := cmd.StdinPipe()
		if err != nil {
			emulator.err = err
			return
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			emulator.err = err
			return
		}
		if emulator.err = cmd.Start(); emulator.err != nil {
			return
		}
		emulator.stdin, emulator.cmd = stdin, cmd
		line, err := bufio.NewReader(stdout).ReadString('\n')
		emulator.url, emulator.err = strings.TrimSpace(line), err
	})
	if emulator.err != nil {
		t.Fatalf("start dynalite: %v", emulator.err)
	}
	return emulator.url
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
		if err = createTable(endpoint(t), name); err == nil {
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
	return dynamo.New(client(endpoint(t)), dynamo.Options{Table: newTable(t)})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
