package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Golden frame number one: what the 2019 sample's clients send.
const sampleFrame = `{"type":"message","from":"<username>","text":"<message>"}`

func TestSampleFrame(t *testing.T) {
	inBothHomes(t, func(t *testing.T, p *program) {
		alice, listener := connect(t, p), connect(t, p)
		alice.send(sampleFrame)
		for _, c := range []*connection{alice, listener} {
			e := c.next("message", "error", "notice")
			if e.Type != "message" || e.From != "<username>" || e.Text != "<message>" || e.Seq != 1 {
				t.Errorf("got %s", e.raw)
			}
		}
	})
}

func TestConfig(t *testing.T) {
	p := start(t)
	response, err := http.Get(p.website + "/config.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Server string }
	if err := json.Unmarshal(body, &config); err != nil || config.Server != p.socket {
		t.Errorf("config.json is %s, want \"server\":%q", body, p.socket)
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("config.json has Content-Type %q", kind)
	}
	if !strings.HasPrefix(p.socket, "ws://127.0.0.1:") || !strings.HasSuffix(p.socket, "/socket") {
		t.Errorf("WebSocket URL: %s", p.socket)
	}
}

// Any WebSocket tool takes part: wscat, twice.
func TestWscat(t *testing.T) {
	node := Need(t, "node")
	script := filepath.Join(NodeModules(t), "wscat", "bin", "wscat")
	inBothHomes(t, func(t *testing.T, p *program) { talkByWscat(t, p, node, script) })
}

func talkByWscat(t *testing.T, p *program, node, script string) {
	lines := make(chan string, 16)
	var first io.Writer
	for i := range 2 {
		wscat := exec.CommandContext(t.Context(), node, script, "-c", p.socket)
		stdin, err := wscat.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := wscat.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := wscat.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { wscat.Process.Kill(); wscat.Wait() })
		if i == 0 {
			first = stdin
		}
		go func() {
			for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
				lines <- fmt.Sprintf("%d %s", i, scanner.Text())
			}
		}()
	}
	// wscat says nothing when it is connected and this is no terminal: the frame
	// is sent until both have it. Each sending is another message.
	got := map[byte]bool{}
	for deadline := time.Now().Add(patience); len(got) < 2 && time.Now().Before(deadline); {
		fmt.Fprintln(first, sampleFrame)
		for quiet := false; !quiet; {
			select {
			case line := <-lines:
				var e event
				_, frame, _ := strings.Cut(line[1:], "{") // after wscat's prompt
				if err := json.Unmarshal([]byte("{"+frame), &e); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				if e.Type != "message" || e.From != "<username>" || e.Text != "<message>" {
					t.Fatalf("wscat %s", line)
				}
				got[line[0]] = true
			case <-time.After(300 * time.Millisecond):
				quiet = true
			}
		}
	}
	if len(got) < 2 {
		t.Errorf("the frame arrived at %d of 2", len(got))
	}
}
