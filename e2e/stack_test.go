package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// startStack runs the program with the chat's other home behind it: the Lambda
// program as it is deployed, and a table of its own in dynalite, until the test
// ends. Where Node.js or npm is absent the test is skipped.
func startStack(t testing.TB, flags ...string) *program {
	t.Helper()
	return startStackOn(t, DynamoDB(t), flags...)
}

// startStackOn is startStack with another DynamoDB: a proxy before dynalite, say.
func startStackOn(t testing.TB, dynamodb string, flags ...string) *program {
	t.Helper()
	return start(t, append([]string{
		"--management", "127.0.0.1:0", // where the functions post
		"--functions", bootstrap(t), "--dynamodb-endpoint", dynamodb, "--table", newTableName(),
	}, flags...)...)
}

// inBothHomes runs a test against the chat in one process and against the one
// of Lambda functions and a DynamoDB table.
func inBothHomes(t *testing.T, test func(*testing.T, *program)) {
	t.Run("serve", func(t *testing.T) { test(t, start(t)) })
	t.Run("functions", func(t *testing.T) { test(t, startStack(t)) })
}

var tables atomic.Int64

func newTableName() string { return fmt.Sprintf("e2e-%d", tables.Add(1)) }

// buildBootstrap compiles the Lambda program once for all tests, as it is deployed.
var buildBootstrap = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "bootstrap")
	command := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc,nethttpomithttp2", "-ldflags", "-s -w", "-o", binary, "./functions/bootstrap")
	command.Dir = ".."
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./functions/bootstrap: %w\n%s", err, out)
	}
	return binary, nil
})

func bootstrap(t testing.TB) string {
	t.Helper()
	path, err := buildBootstrap()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
