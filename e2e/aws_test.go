package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

var managementAddress = regexp.MustCompile(`management=(\S+)`)

// The AWS command line interface does at the management port what it does with
// an API of API Gateway's.
func TestAWSCommandLine(t *testing.T) {
	aws := Need(t, "aws")
	proxy := startProxy(t)
	p := startStackOn(t, proxy.url)
	wait(t, "the management address", func() bool { return managementAddress.MatchString(p.output.String()) })
	endpoint := "http://" + managementAddress.FindStringSubmatch(p.output.String())[1] + "/socket"
	c := connect(t, p)
	id := ""
	for _, call := range proxy.take() { // the id stands nowhere but in the table
		if pk, _ := call.key(); strings.HasPrefix(pk, "C#") {
			id = strings.TrimPrefix(pk, "C#")
		}
	}
	do := func(operation string, more ...string) (string, error) {
		command := exec.CommandContext(t.Context(), aws, append([]string{"apigatewaymanagementapi", operation, "--endpoint-url", endpoint, "--connection-id", id, "--output", "json"}, more...)...)
		command.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true")
		out, err := command.CombinedOutput()
		return string(out), err
	}
	file := filepath.Join(t.TempDir(), "frame")
	if err := os.WriteFile(file, []byte(`{"type":"notice","text":"from outside"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := do("post-to-connection", "--data", "fileb://"+file); err != nil {
		t.Errorf("post-to-connection: %v\n%s", err, out)
	} else if e := c.next("notice"); e.Text != "from outside" {
		t.Errorf("what was posted arrived as %s", e.raw)
	}
	out, err := do("get-connection")
	var told struct {
		ConnectedAt, LastActiveAt string
		Identity                  struct{ SourceIP, UserAgent string }
	}
	if err != nil || json.Unmarshal([]byte(out), &told) != nil || told.ConnectedAt == "" || told.Identity.SourceIP != "127.0.0.1" {
		t.Errorf("get-connection: %v\n%s", err, out)
	}
	if out, err := do("delete-connection"); err != nil {
		t.Errorf("delete-connection: %v\n%s", err, out)
	}
	var closed websocket.CloseError
	if _, err := c.read(t.Context()); !errors.As(err, &closed) || closed.Code != websocket.StatusNormalClosure {
		t.Errorf("the connection ended with %v", err)
	}
	for _, operation := range []string{"get-connection", "delete-connection"} {
		if out, err := do(operation); err == nil || !strings.Contains(out, "GoneException") {
			t.Errorf("%s of one that has gone: %v\n%s", operation, err, out)
		}
	}
}
