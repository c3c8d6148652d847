package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"parley/dynamo"
	"parley/e2e"
)

// sandbox is a Runtime API with one process of the program at its other end.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type sandbox struct {
	*httptest.Server
	t        testing.TB
	events   chan []byte
	answers  chan string
	polled   chan time.Duration // the first poll, since the process was started
	failed   chan string        // init error: type and body
	started  chan time.Time
	process  *exec.Cmd
	log      bytes.Buffer // standard error, once the process has ended
	finished chan struct{}
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

func startSandbox(t testing.TB, program string, env ...string) *sandbox {
	t.Helper()
	l := &sandbox{
		t: t, events: make(chan []byte), answers: make(chan string, 10), polled: make(chan time.Duration, 1),
		failed: make(chan string, 1), finished: make(chan struct{}), started: make(chan time.Time, 1),
	}
	l.Server = httptest.NewServer(l)
	l.process = exec.Command(program)
	l.process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(l.URL, "http://"), "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
	}, env...)
	l.process.Stderr = &l.log
	l.started <- time.Now()
	if err := l.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(l.finished)
		l.process.Wait()
	}()
	t.Cleanup(func() {
		l.process.Process.Kill()
		<-l.finished
		l.Server.CloseClientConnections()
		l.Server.Close()
		if t.Failed() {
			t.Logf("the program's log:\n%s", &l.log)
		}
	})
	return l
}

func (l *sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const api = "/2018-06-01/runtime/"
	body, _ := io.ReadAll(r.Body)
	switch path := strings.TrimPrefix(r.URL.Path, api); {
	case path == "invocation/next":
		select {
		case at := <-l.started: // the first time
			l.polled <- time.Since(at)
		default:
		}
		select {
		case event := <-l.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(29*time.Second).UnixMilli()))
			w.Write(event)
		case <-r.Context().Done():
		}
	case path == "init/error":
		l.failed <- r.Header.Get("Lambda-Runtime-Function-Error-Type") + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
	default:
		l.answers <- path[strings.LastIndexByte(path, '/')+1:] + " " + string(body)
		w.WriteHeader(http.StatusAccepted)
	}
}

// invoke hands an event over and returns the answer.
func (l *sandbox) invoke(event string) string {
	l.t.Helper()
	for _, step := range []func(<-chan time.Time) string{
		func(late <-chan time.Time) string {
			select {
			case l.events <- []byte(event):
				return "taken"
			case <-late:
				return ""
			}
		},
		func(late <-chan time.Time) string {
			select {
			case a := <-l.answers:
				return a
			case <-late:
				return ""
			}
		},
	} {
		switch answer := step(time.After(patience)); answer {
		case "taken":
		case "":
			l.t.Fatalf("the program does not answer %.80s", event)
		default:
			return answer
		}
	}
	return ""
}

// TestInitError: what is missing is told to Lambda and in the log.
func TestInitError(t *testing.T) {
	l := startSandbox(t, own(t), "_HANDLER=OnConnect")
	select {
	case got := <-l.failed:
		for _, want := range []string{"Function.Configuration", `"errorMessage":`, "TABLE_NAME is not set", "MANAGEMENT_ENDPOINT", "SITE_ORIGIN"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q", got, want)
			}
		}
	case <-time.After(patience):
		t.Fatal("no init error was reported")
	}
	<-l.finished
	if code := l.process.ProcessState.ExitCode(); code != 1 || !strings.Contains(l.log.String(), "TABLE_NAME is not set") {
		t.Errorf("exit code %d, log %q", code, &l.log)
	}
}

// TestFirstPoll prints how long a process takes until it asks for an event.
func TestFirstPoll(t *testing.T) {
	program := own(t)
	var took, cpu []time.Duration
	for range 7 {
		l := startSandbox(t, program, environment("OnAction", "http://127.0.0.1:1/live", "http://127.0.0.1:1")...)
		select {
		case d := <-l.polled:
			took = append(took, d)
		case <-time.After(patience):
			t.Fatal("the program never polls")
		}
		l.process.Process.Kill()
		<-l.finished
		cpu = append(cpu, l.process.ProcessState.UserTime()+l.process.ProcessState.SystemTime())
	}
	slices.Sort(took)
	slices.Sort(cpu)
	t.Logf("start to first poll: %v at best, median %v; CPU %v at best, median %v", took[0], took[3], cpu[0], cpu[3])
}

func environment(handler, management, dynamodb string) []string {
	return []string{
		"_HANDLER=" + handler, "TABLE_NAME=chat", "MANAGEMENT_ENDPOINT=" + management, "SITE_ORIGIN=*",
		"AWS_ENDPOINT_URL_DYNAMODB=" + dynamodb, "AWS_LAMBDA_LOG_LEVEL=DEBUG", "ORIGIN_SECRET=s3cret",
	}
}

// TestThreeFunctions is the sample's frame through three real processes, a real
// emulator of DynamoDB and a stand-in for @connections.
func TestThreeFunctions(t *testing.T) {
	dynamodb := emulated(t)
	type posted struct{ method, path, body string }
	posts := make(chan posted, 100)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posts <- posted{r.Method, r.URL.Path, string(body)}
		if strings.Contains(r.URL.Path, "gone") {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer api.Close()
	program := own(t)
	functions := map[string]*sandbox{}
	for _, name := range []string{"OnConnect", "OnAction", "OnDisconnect"} {
		functions[name] = startSandbox(t, program, environment(name, api.URL+"/live", dynamodb)...)
	}
	event := func(id, kind, body string, headers map[string]string) string {
		b, err := json.Marshal(map[string]any{
			"headers": headers, "body": body, "isBase64Encoded": false,
			"requestContext": map[string]any{"connectionId": id, "requestId": "r", "eventType": kind, "identity": map[string]any{"sourceIp": "192.0.2.1"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	secret := map[string]string{"X-Parley-Origin": "s3cret"}
	connect := func(id string, headers map[string]string, want string) {
		t.Helper()
		if got := functions["OnConnect"].invoke(event(id, "CONNECT", "", headers)); got != "response "+want {
			t.Errorf("OnConnect of %s: %s, want %s", id, got, want)
		}
	}
	connect("no-secret", nil, `{"statusCode":403}`)
	connect("alice", secret, `{"statusCode":200}`)
	connect("gone", secret, `{"statusCode":200}`)
	connect("page", map[string]string{"x-parley-origin": "s3cret", "Sec-WebSocket-Protocol": "x, parley.v1"}, `{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"parley.v1"}}`)

	act := func(id, frame string) {
		t.Helper()
		if got := functions["OnAction"].invoke(event(id, "MESSAGE", frame, nil)); got != `response {"statusCode":200}` {
			t.Errorf("OnAction of %s: %s", id, got)
		}
	}
	// wantPosts wants exactly these posts before the answer came, in any order.
	wantPosts := func(want ...[2]string) {
		t.Helper()
		var got []posted
		for len(posts) > 0 {
			got = append(got, <-posts)
		}
		for _, w := range want {
			i := slices.IndexFunc(got, func(p posted) bool {
				return p.method == "POST" && p.path == "/live/@connections/"+w[0] && strings.Contains(p.body, w[1])
			})
			if i < 0 {
				t.Errorf("%s did not get %s; posted: %q", w[0], w[1], got)
				continue
			}
			got = slices.Delete(got, i, i+1)
		}
		if len(got) > 0 {
			t.Errorf("also posted: %q", got)
		}
	}
	act("page", `{"type":"hello","name":"bob","rooms":[{"room":"general"}]}`)
	wantPosts([2]string{"page", `"type":"welcome"`}, [2]string{"page", `"type":"joined"`}, [2]string{"page", `"type":"presence"`})
	act("alice", `{"type":"message","from":"alice","text":"hello"}`)
	message := `"seq":1,"from":"alice"`
	wantPosts([2]string{"alice", message}, [2]string{"page", message}, [2]string{"gone", message}, [2]string{"page", `"type":"presence"`})
	act("page", `{"type":"message","room":"general","id":"m1","text":"hi"}`)
	// So soon after its $connect the one that is gone may be on its way in.
	wantPosts([2]string{"alice", `"seq":2`}, [2]string{"page", `"seq":2`}, [2]string{"gone", `"seq":2`})
	act("page", `nonsense`)
	wantPosts([2]string{"page", `"code":"malformed"`})
	if got := functions["OnDisconnect"].invoke(event("alice", "DISCONNECT", "", nil)); got != `response {"statusCode":200}` {
		t.Errorf("OnDisconnect: %s", got)
	}
	wantPosts([2]string{"page", `"left":[{`}) // told before the function is frozen
	// A connection that nobody knows any more is told so, and ended.
	act("alice", `{"type":"message","from":"alice","text":"hello"}`)
	if p := <-posts; p.method != "POST" || !strings.Contains(p.body, `"code":"unavailable"`) {
		t.Errorf("a forgotten connection was sent %q", p)
	}
	if p := <-posts; p.method != "DELETE" {
		t.Errorf("a forgotten connection was sent %q", p)
	}
	wantPosts()
	for name, l := range functions {
		l.process.Process.Kill()
		<-l.finished
		for _, private := range []string{"hello", `"hi"`, "s3cret", "192.0.2.1", "nonsense"} {
			if strings.Contains(l.log.String(), private) {
				t.Errorf("%s has %s in its log:\n%s", name, private, &l.log)
			}
		}
		if name == "OnAction" && !strings.Contains(l.log.String(), `"timestamp":`) {
			t.Errorf("%s logs nothing: %q", name, &l.log)
		}
	}
}

// emulated returns the address of an emulator with the table in it.
func emulated(t *testing.T) string {
	t.Helper()
	address := e2e.DynamoDB(t)
	client := dynamo.NewClient(dynamo.ClientOptions{Region: "us-east-1", Endpoint: address, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	})})
	if err := dynamo.CreateTable(t.Context(), client, "chat"); err != nil {
		t.Fatal(err)
	}
	return address
}
