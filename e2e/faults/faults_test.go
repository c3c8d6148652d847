//go:build linux

// Package faults is the fault harness: clients talk while their server is
// killed, starved, cut off or robbed of its disk, and every message is followed
// from its sender to every screen.
//
//	go test -run TestFaults ./e2e/faults                                  a short run
//	PARLEY_FAULTS=long go test -timeout 2h -v -run TestFaults ./e2e/faults  the long one
//	go test -tags planted -run TestPlanted ./e2e/faults                   bugs planted into the product
//
// Whatever a scenario does, it verifies the same: each acknowledged message is
// in history once, sequences have no hole, each client saw each entry once and
// in order, nothing appears that was not sent, and the epoch changes only where
// it must.
package faults

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"parley/e2e"
)

// long asks for the run that takes an hour or so instead of minutes.
var long = os.Getenv("PARLEY_FAULTS") == "long"

// off leaves it out where all tests run at once: CI runs it by itself.
var off = os.Getenv("PARLEY_FAULTS") == "off"

// times returns how often a fault is done: seldom in a short run.
func times(short, inLong int) int {
	if long {
		return inLong
	}
	return short
}

// TestFaults has a sub-test for each scenario.
func TestFaults(t *testing.T) {
	if off {
		t.Skip("PARLEY_FAULTS=off")
	}
	begun := time.Now()
	var all []*ledger
	for _, s := range []struct {
		name string
		run  func(*testing.T, *ledger)
	}{
		{"kill", killUnderLoad},
		{"terminate", terminateUnderLoad},
		{"cut", cutConnections},
		{"network", flakyNetwork},
		{"stopped reader", stoppedReader},
		{"half-open", halfOpen},
		{"storm", storm},
		{"descriptors", fewDescriptors},
		{"flipped bytes", flippedBytes},
		{"full disk", fullDisk},
		{"read-only", readOnly},
		{"restored", restored},
		{"clock", jumpingClock},
		{"power cuts", powerCuts},
		{"rough cloud", roughCloud},
		{"killed function", killedFunction},
	} {
		t.Run(s.name, func(t *testing.T) {
			l := newLedger(t)
			all = append(all, l)
			s.run(t, l)
			figures(s.name, time.Since(l.at), l)
		})
	}
	figures("in all", time.Since(begun), all...)
}

var scratch string // removed after the tests

func TestMain(m *testing.M) {
	code := 1
	func() {
		var err error
		if scratch, err = os.MkdirTemp("", "parley-faults-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		defer os.RemoveAll(scratch)
		zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy has one that nobody can set
		code = m.Run()
		e2e.StopDynamoDB()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		if err := goleak.Find(ofToxiproxy...); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, "the tests left something behind:", err)
			code = 1
		}
	}()
	os.Exit(code)
}

// ofToxiproxy are goroutines that it leaves behind where a link ends while a
// toxic is taken away.
var ofToxiproxy = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
	goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).write"),
}

// programsVariable tells where another run of these tests has compiled the programs.
const programsVariable = "PARLEY_FAULTS_PROGRAMS"

// program compiles a package of ours once for all tests, with the bugs if this
// test has them.
func program(name string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		binary := filepath.Join(scratch, filepath.Base(name)+"-program")
		if built := os.Getenv(programsVariable); built != "" {
			return filepath.Join(built, filepath.Base(binary)), nil
		}
		command := exec.Command("go", "build", "-tags", "lambda.norpc,nethttpomithttp2"+tags, "-o", binary, name)
		command.Dir = "../.."
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", name, err, out)
		}
		return binary, nil
	})
}

var (
	parley    = program(".")
	bootstrap = program("./functions/bootstrap")
)

// wait waits until something is so, and tells whether it came about.
func wait(t testing.TB, patience time.Duration, what string, so func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("waited %s in vain for %s", patience, what)
			return false
		}
	}
	return true
}
