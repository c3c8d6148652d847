package deploy_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"

	"parley/conform"
	"parley/dynamo"
	"parley/e2e"
	"parley/functions"
	"parley/gateway"
	"parley/runtimeapi"
)

// ledger notes which function makes which calls of AWS, as its role names them.
type ledger struct {
	mu    sync.Mutex
	calls map[string]map[string]int // by function
}

func (l *ledger) note(function, call string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls[function] == nil {
		l.calls[function] = map[string]int{}
	}
	l.calls[function][call]++
}

// account is the chat's functions as real programs, and each of what they call
// with a ledger before it.
type account struct {
	ledger
	socket string
	table  string // its name; the emulator is shared by all tests
	client *dynamodb.Client
	action *runtimeapi.Function
	refuse atomic.Bool // the next membership that OnConnect writes
}

func startAccount(t *testing.T) *account {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", program, "./functions/bootstrap")
	build.Dir = e2e.Root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	emulator := e2e.DynamoDB(t)
	a := &account{ledger: ledger{calls: map[string]map[string]int{}}, table: "calls-" + rand.Text()}
	a.client = dynamo.NewClient(dynamo.ClientOptions{Region: "us-east-1", Endpoint: emulator, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	})})
	if err := dynamo.CreateTable(t.Context(), a.client, a.table); err != nil {
		t.Fatal(err)
	}
	api := gateway.New(gateway.Options{Stage: "socket"}.LikeAPIGateway())
	management := api.Management()
	invoke := runtimeapi.NewLambda(nil)
	made := map[string]*runtimeapi.Function{}
	for _, name := range []string{functions.OnConnect, functions.OnDisconnect, functions.OnAction} {
		serve := func(h http.HandlerFunc) string {
			server := httptest.NewServer(h)
			t.Cleanup(server.Close)
			return server.URL
		}
		function, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{Name: name, Program: program, Env: map[string]string{
			"TABLE_NAME": a.table, "SITE_ORIGIN": "*", "SHARE_FROM": "3", // so that even rooms of a few are shared out
			"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s",
			"AWS_ENDPOINT_URL_DYNAMODB": serve(func(w http.ResponseWriter, r *http.Request) { a.dynamodb(name, emulator, w, r) }),
			"MANAGEMENT_ENDPOINT": serve(func(w http.ResponseWriter, r *http.Request) {
				a.note(name, "execute-api:ManageConnections "+connections(r.Method))
				management.ServeHTTP(w, r)
			}) + "/socket",
			"AWS_ENDPOINT_URL_LAMBDA": serve(func(w http.ResponseWriter, r *http.Request) {
				called := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/"), "/invocations")
				a.note(name, "lambda:InvokeFunction "+called+"Function.Arn")
				invoke.ServeHTTP(w, r)
			}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		made[name] = function
		invoke.Add(function)
	}
	a.action = made[functions.OnAction]
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.socket = "ws://" + ln.Addr().String() + "/socket"
	served := make(chan error, 1)
	go func() {
		served <- api.Serve(ln, runtimeapi.NewGateway(runtimeapi.GatewayOptions{
			OnConnect: made[functions.OnConnect], OnDisconnect: made[functions.OnDisconnect], OnAction: made[functions.OnAction], Stage: "socket",
		}))
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		api.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		for _, function := range made {
			function.Close()
		}
		invoke.Close()
	})
	return a
}

// dynamodb passes a call on to the emulator, or refuses it.
func (a *account) dynamodb(function, emulator string, w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a.note(function, "dynamodb:"+operation+" ConnectionsTable.Arn")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if function == functions.OnConnect && bytes.Contains(body, []byte(`"M#general"`)) && a.refuse.CompareAndSwap(true, false) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ItemCollectionSizeLimitExceededException","message":"not this one"}`)
		return
	}
	forward, err := http.NewRequestWithContext(r.Context(), r.Method, emulator, bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	forward.Header = r.Header.Clone()
	answer, err := http.DefaultTransport.RoundTrip(forward)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}

// TestRolesAreWhatIsCalled runs the behaviour suite, and what it cannot bring
// about, against the real programs. What each of them has called then is what
// its role may do, beside its log: no more, so that nothing is granted in vain,
// and no less.
func TestRolesAreWhatIsCalled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs the whole behaviour suite")
	}
	a := startAccount(t)
	err := conform.Run(t.Context(), conform.Target{WebSocket: a.socket}, func(r conform.Result) {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Case.Name, r.Err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	a.connectionTakenBack(t)
	a.connectionSentBack(t)
	a.swept(t)

	want := map[string][]string{}
	for _, name := range []string{functions.OnConnect, functions.OnDisconnect, functions.OnAction} {
		for _, call := range everything[name+"Role"] {
			if !strings.HasPrefix(call, "logs:") {
				want[name] = append(want[name], call)
			}
		}
		slices.Sort(want[name])
	}
	called := func(name string) (calls []string, times map[string]int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		times = maps.Clone(a.calls[name])
		return slices.Sorted(maps.Keys(times)), times
	}
	for name := range want {
		calls, times := called(name)
		for end := time.Now().Add(10 * time.Second); !slices.Equal(calls, want[name]) && time.Now().Before(end); { // an OnDisconnect may still be to come
			time.Sleep(50 * time.Millisecond)
			calls, times = called(name)
		}
		if !slices.Equal(calls, want[name]) {
			t.Errorf("%s calls\n  %s\nand its role may\n  %s", name, strings.Join(calls, "\n  "), strings.Join(want[name], "\n  "))
		}
		for _, call := range calls {
			t.Logf("%-12s %6d %s", name, times[call], call)
		}
	}
}

// connectionTakenBack has a handshake fail between its two writes.
func (a *account) connectionTakenBack(t *testing.T) {
	t.Helper()
	a.refuse.Store(true)
	c, _, err := websocket.Dial(t.Context(), a.socket, nil)
	if err == nil {
		c.CloseNow()
		t.Error("a connection without its membership is accepted")
	}
}

// connectionSentBack has an action come from a connection whose row was lost.
func (a *account) connectionSentBack(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, a.socket, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	pages := dynamodb.NewScanPaginator(a.client, &dynamodb.ScanInput{
		TableName: &a.table, FilterExpression: aws.String("begins_with(PK, :c)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":c": &types.AttributeValueMemberS{Value: "C#"}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Items {
			_, err := a.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &a.table, Key: map[string]types.AttributeValue{"PK": row["PK"], "SK": row["SK"]}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Write(ctx, websocket.MessageText, []byte(`{"type":"rooms"}`)); err != nil {
		t.Fatal(err)
	}
	if _, frame, err := c.Read(ctx); err != nil || !strings.Contains(string(frame), "unavailable") {
		t.Errorf("a lost connection is told %s, %v", frame, err)
	}
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) == -1 {
		t.Errorf("a lost connection is not ended: %v", err)
	}
}

// asActions are what a role calls the calls of the site's function.
var asActions = map[string][]string{
	"PutObject": {"s3:PutObject ${WebsiteBucket.Arn}/*"}, "ListObjectsV2": {"s3:ListBucket WebsiteBucket.Arn"},
	"ListObjectVersions": {"s3:ListBucketVersions WebsiteBucket.Arn"},
	"DeleteObjects":      {"s3:DeleteObject ${WebsiteBucket.Arn}/*", "s3:DeleteObjectVersion ${WebsiteBucket.Arn}/*"},
	"CreateInvalidation": {"cloudfront:CreateInvalidation " + distribution},
}

// The site's function has few calls, which stand in its source: those are what
// its role may do.
func TestSitesRoleIsWhatIsCalled(t *testing.T) {
	files, err := filepath.Glob("../functions/website/*.go")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`\.(?:s3|cloudfront)\.(\w+)\(ctx|s3\.New(\w+)Paginator\(`).FindAllStringSubmatch(string(source), -1) {
			operation := found[1] + found[2]
			if asActions[operation] == nil {
				t.Errorf("%s calls %s, and this test does not know what that needs", file, operation)
			}
			for _, action := range asActions[operation] {
				called[action] = true
			}
		}
	}
	var may []string
	for _, action := range everything["WebsiteRole"] {
		if !strings.HasPrefix(action, "logs:") {
			may = append(may, action)
		}
	}
	slices.Sort(may)
	if got := slices.Sorted(maps.Keys(called)); !slices.Equal(got, may) {
		t.Errorf("it calls %q, and may do %q", got, may)
	}
}
