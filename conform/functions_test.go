package conform

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parley/e2e"
)

// The Lambda program itself, behind what behaves as API Gateway and Lambda do,
// over an emulator of DynamoDB.
func TestFunctions(t *testing.T) {
	t.Parallel()
	holds(t, functions(t))
}

// The same with what API Gateway does not promise taken away: order, and that
// every $disconnect comes.
func TestFunctionsWithJitter(t *testing.T) {
	t.Parallel()
	holds(t, functions(t, "--jitter", "30ms"))
}

// functions runs parley serve --functions, or skips the test where there is no
// emulator.
func functions(t *testing.T, flags ...string) Target {
	t.Helper()
	endpoint := dynalite(t)
	binary, err := bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	return program(t, append([]string{"--management", "127.0.0.1:0", "--functions", binary, "--dynamodb-endpoint", endpoint}, flags...)...)
}

// startDynalite ends by itself when its standard input does, so that not even a
// killed test leaves one behind.
const startDynalite = `
const server = require('dynalite')({ createTableMs: 0, deleteTableMs: 0 })
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))
process.stdin.on('end', () => process.exit()).resume()
`

// dynalite runs an emulator of DynamoDB until the test ends, and returns its URL.
func dynalite(t *testing.T) string {
	t.Helper()
	modules, node := e2e.NodeModules(t), e2e.Need(t, "node")
	command := exec.Command(node, "-e", startDynalite)
	command.Dir = filepath.Dir(modules)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("start dynalite: %v", err)
	}
	return strings.TrimSpace(line)
}
