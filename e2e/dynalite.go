package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// serveDynalite ends with its standard input, so that not even a killed test
// binary leaves one behind. A client that is killed in the middle of a request
// must not end it: dynalite throws what it hears of that.
const serveDynalite = `
import dynalite from 'dynalite'
process.on('uncaughtException', error => {
	if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return
	console.error(error)
	process.exit(1)
})
const server = dynalite({ createTableMs: 0, deleteTableMs: 0 })
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))
process.stdin.on('end', () => process.exit()).resume()
`

// emulator is started by the first test that needs it and ends with the binary.
var emulator struct {
	once sync.Once
	stop func() // or the end of this process: its standard input ends then
	url  string
	err  error
}

// DynamoDB returns the URL of an emulator, dynalite, that all tests of this
// binary share: each takes tables of its own. Where Node.js or npm is absent
// the test is skipped, or fails if PARLEY_TEST_REQUIRE names it.
func DynamoDB(t testing.TB) string {
	t.Helper()
	modules, node := NodeModules(t), Need(t, "node")
	emulator.once.Do(func() { emulator.url, emulator.stop, emulator.err = startDynalite(node, modules) })
	if emulator.err != nil {
		t.Fatalf("start dynalite: %v", emulator.err)
	}
	return emulator.url
}

// StopDynamoDB ends the emulator, for a TestMain that leaves nothing behind.
func StopDynamoDB() {
	if emulator.stop != nil {
		emulator.stop()
	}
}

func startDynalite(node, modules string) (url string, stop func(), err error) {
	command := exec.Command(node, "--input-type=module", "-e", serveDynalite)
	command.Dir = filepath.Dir(modules)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return "", nil, fmt.Errorf("%w; node said %q", err, line)
	}
	return strings.TrimSpace(line), func() { stdin.Close(); command.Wait() }, nil
}
