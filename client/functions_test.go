package client_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parley/client"
	"parley/e2e"
)

// bootstrap is the program of the Lambda functions, built once for all tests.
var bootstrap = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "bootstrap")
	command := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", binary, "./functions/bootstrap")
	command.Dir = ".."
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// Behind what behaves as API Gateway does, which ends each connection at its age,
// delays what is sent and promises no order: the next connection comes first, and
// nothing is lost, doubled or out of order.
func TestFunctionsEndConnections(t *testing.T) {
	endpoint := e2e.DynamoDB(t)
	binary, err := bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, "--management", "127.0.0.1:0", "--functions", binary, "--dynamodb-endpoint", endpoint,
		"--max-age", "4s", "--jitter", "30ms", "--table", "client")
	var mu sync.Mutex
	away := 0
	options := func(name string) client.Options {
		return client.Options{URL: p.url(), Name: name, AnyName: true, Renew: 2 * time.Second, Heard: func(hint any) {
			mu.Lock()
			defer mu.Unlock()
			if hint == client.Waiting {
				away++
			}
		}}
	}
	speaker, listener := dial(t, options("speaker")), dial(t, options(""))
	began, n := time.Now(), uint64(0)
	room := fmt.Sprint("renewed ", began.UnixNano()) // the table outlives a test
	said, heard := join(t, speaker, room, client.Now()), join(t, listener, room, client.Now())
	for ; time.Since(began) < 10*time.Second; n++ {
		seq, err := said.Send(t.Context(), fmt.Sprint("message ", n+1))
		if err != nil || seq != n+1 {
			t.Fatalf("Send: %d, %v; want %d", seq, err, n+1)
		}
		if n == 4 {
			if seq, err := said.Edit(t.Context(), 3, "better"); err != nil || seq != 6 {
				t.Fatalf("Edit: %d, %v; want 6", seq, err)
			}
			n++
		}
		time.Sleep(100 * time.Millisecond)
	}
	for want := uint64(1); want <= n; want++ {
		if e := next(t, heard); e.Seq != want || want != 6 && e.Text != fmt.Sprint("message ", want) || want == 6 && (e.Kind != client.KindEdit || e.Target != 3) {
			t.Fatalf("heard %+v, want %d", e, want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d entries over connections that live 4 s; %d times without a connection", n, away)
}
