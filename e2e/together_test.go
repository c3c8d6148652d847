package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Commands that begin at once where nobody was anybody yet are one person, of the
// name that all of them want, as they would be one after the other.
func TestFirstSendsAtOnceAreOnePerson(t *testing.T) {
	t.Parallel()
	p := start(t)
	const commands = 6
	for round := range 3 {
		state := filepath.Join(t.TempDir(), "state")
		name := fmt.Sprint("robot ", strings.Repeat("x", round+1))
		var all sync.WaitGroup
		for i := range commands {
			all.Go(func() {
				send := exec.CommandContext(t.Context(), parley(t), "send", "--url", p.website, "--state", state, "--name", name, fmt.Sprint("said by ", i))
				if out, err := send.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		all.Wait()
	}
	send := exec.CommandContext(t.Context(), parley(t), "send", "--url", p.website, "--state", t.TempDir(), "--name", "robot x", "somebody else")
	if out, err := send.CombinedOutput(); err == nil || send.ProcessState.ExitCode() != 11 {
		t.Errorf("somebody else has the name, too: %v: %s", err, out)
	}
}
