//go:build linux

package faults

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"parley/e2e"
)

// A cloud is the chat as Lambda functions, with a proxy before each of the
// services that they call: DynamoDB, @connections, and Lambda's Runtime API.
type cloud struct {
	*server
	rough atomic.Bool // the services are as bad as clouds may be

	mu   sync.Mutex
	meet func(operation, partition string) fate // what befalls a call of DynamoDB beside that; nil: nothing

	told, throttled, unanswered, killed, gone, repeated atomic.Int64 // what was done
}

// fate is what becomes of a call of DynamoDB.
type fate int

const (
	done         fate = iota
	throttled         // refused for now
	unanswered        // done, but nobody hears of it
	killedBefore      // who calls is killed before it is done
	killedAfter       // and after
)

// startCloud runs the chat on a table of its own, with everything a little late
// and in no order.
func startCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{}
	dynamodb, err := url.Parse(e2e.DynamoDB(t))
	if err != nil {
		t.Fatal(err)
	}
	program, err := bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	before := func(handler http.HandlerFunc) string {
		proxy := httptest.NewServer(handler)
		t.Cleanup(proxy.Close)
		return proxy.URL
	}
	management := freeAddress(t)
	forward := newForwarder(t)
	table := before(func(w http.ResponseWriter, r *http.Request) { c.dynamodb(w, r, forward, dynamodb.Host) })
	posts := before(func(w http.ResponseWriter, r *http.Request) { c.connections(w, r, forward, management) })
	runtime := before((&repeater{cloud: c, forward: forward, again: map[string]*invocation{}}).serve)

	// The functions are told other addresses than those that the stack gives them.
	script := filepath.Join(t.TempDir(), "function")
	text := fmt.Sprintf("#!/bin/sh\nexport PARLEY_PLANTED='%s' MANAGEMENT_ENDPOINT=%s/socket AWS_LAMBDA_RUNTIME_API=%s/$AWS_LAMBDA_RUNTIME_API\nexec %s\n",
		os.Getenv("PARLEY_PLANTED"), posts, strings.TrimPrefix(runtime, "http://"), program)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	c.server = serve(t, "--management", management, "--functions", script, "--dynamodb-endpoint", table,
		"--table", fmt.Sprint("faults-", rand.Uint32()), "--jitter", "20ms")
	return c
}

func (c *cloud) fate(operation, partition string) fate {
	c.mu.Lock()
	meet := c.meet
	c.mu.Unlock()
	if meet != nil {
		return meet(operation, partition)
	}
	if !c.rough.Load() {
		return done
	}
	switch n := rand.IntN(1000); {
	case n < 40:
		return throttled
	case n < 50:
		return unanswered
	case n < 53:
		return killedBefore
	case n < 56:
		return killedAfter
	}
	return done
}

// let decides about each call of DynamoDB from now on; nil: as before.
func (c *cloud) let(meet func(operation, partition string) fate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.meet = meet
}

func (c *cloud) dynamodb(w http.ResponseWriter, r *http.Request, forward *forwarder, host string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c.told.Add(1)
	switch f := c.fate(operation, partition(body)); f {
	case throttled:
		c.throttled.Add(1)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`)
	case killedBefore:
		c.kill9()
		panic(http.ErrAbortHandler)
	case unanswered, killedAfter:
		answer := forward.do(r, host, r.URL.Path, body)
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if f == killedAfter {
			c.kill9()
		} else {
			c.unanswered.Add(1)
		}
		panic(http.ErrAbortHandler)
	default:
		forward.pass(w, r, host, r.URL.Path, body)
	}
}

// partition is the key of the row that a call is about; empty for queries.
func partition(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"PK":{"S":"`))
	key, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(key)
}

// connections is API Gateway's, which refuses posts now and then.
func (c *cloud) connections(w http.ResponseWriter, r *http.Request, forward *forwarder, host string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if c.rough.Load() {
		switch n := rand.IntN(1000); {
		case n < 30:
			w.WriteHeader(http.StatusTooManyRequests)
			return
		case n < 60:
			w.WriteHeader(http.StatusInternalServerError)
			return
		case n < 66: // of one that is there: it has to come back
			c.gone.Add(1)
			w.WriteHeader(http.StatusGone)
			return
		}
	}
	forward.pass(w, r, host, r.URL.EscapedPath(), body)
}

// kill9 ends processes of OnAction: one, or all where who calls must be among
// them.
func (c *cloud) kill9() {
	c.killed.Add(1)
	var pids []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.command.Process.Pid))
	for _, list := range lists {
		children, _ := os.ReadFile(list) // a thread may end meanwhile
		for child := range strings.FieldsSeq(string(children)) {
			environment, _ := os.ReadFile("/proc/" + child + "/environ")
			if pid, err := strconv.Atoi(child); err == nil && bytes.Contains(environment, []byte("_HANDLER=OnAction\x00")) {
				pids = append(pids, pid)
			}
		}
	}
	if c.rough.Load() && len(pids) > 0 {
		i := rand.IntN(len(pids))
		pids = pids[i : i+1]
	}
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// repeater stands before the Runtime API: it gives some events to a function a
// second time, later, and tells nobody of the answer.
type repeater struct {
	cloud   *cloud
	forward *forwarder

	mu    sync.Mutex
	again map[string]*invocation // by environment
}

// invocation is an invocation that will be repeated.
type invocation struct {
	header http.Header
	body   []byte
	after  time.Time
	given  bool
}

func (p *repeater) serve(w http.ResponseWriter, r *http.Request) {
	host, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch e := p.event(host); {
	case strings.HasSuffix(path, "/next") && e != nil && !e.given && time.Now().After(e.after):
		p.cloud.repeated.Add(1)
		e.given = true
		maps.Copy(w.Header(), e.header)
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", repeatedID)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(patience).UnixMilli()))
		w.Write(e.body)
	case strings.Contains(path, repeatedID):
		p.put(host, nil)
		w.WriteHeader(http.StatusAccepted)
	case strings.HasSuffix(path, "/next") && e == nil && p.cloud.rough.Load() && rand.IntN(10) == 0:
		answer := p.forward.do(r, host, "/"+path, body)
		defer answer.Body.Close()
		event, _ := io.ReadAll(answer.Body)
		if answer.StatusCode == http.StatusOK {
			p.put(host, &invocation{header: answer.Header.Clone(), body: event, after: time.Now().Add(time.Duration(rand.IntN(300)) * time.Millisecond)})
		}
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		w.Write(event)
	default:
		p.forward.pass(w, r, host, "/"+path, body)
	}
}

const repeatedID = "00000000-0000-4000-8000-000000000000"

func (p *repeater) event(host string) *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.again[host]
}

func (p *repeater) put(host string, e *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again[host] = e
}

// forwarder passes requests on.
type forwarder struct{ transport *http.Transport }

func newForwarder(t testing.TB) *forwarder {
	f := &forwarder{&http.Transport{MaxIdleConnsPerHost: 64}}
	t.Cleanup(f.transport.CloseIdleConnections)
	return f
}

// do is not under r's context: what a service has received it does, even if
// nobody waits.
func (f *forwarder) do(r *http.Request, host, path string, body []byte) *http.Response {
	onward, err := http.NewRequest(r.Method, "http://"+host+path, bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	onward.Header = r.Header.Clone()
	answer, err := f.transport.RoundTrip(onward)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return answer
}

func (f *forwarder) pass(w http.ResponseWriter, r *http.Request, host, path string, body []byte) {
	answer := f.do(r, host, path, body)
	defer answer.Body.Close()
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}
