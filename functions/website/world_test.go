package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"parley/runtimeapi"
	"parley/wwwroot"
)

const (
	bucket       = "parley-websitebucket-1a2b3c"
	distribution = "E2QWRUHAPOMQZL"
	server       = "wss://d111111abcdef8.cloudfront.net/socket"
	signature    = "X-Amz-Signature=5ca1ab1e" // of the answer's address; nobody may read it anywhere
)

// program is built by TestMain as it is deployed, but for this machine.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "parley-website-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "bootstrap")
		build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc,nethttpomithttp2", "-ldflags", "-s -w -X main.version=test", "-o", program, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("go build: %v\n%s", err, out))
		}
		return m.Run()
	}())
}

// call is what the program asked of AWS.
type call struct {
	operation    string
	key          string // of PutObject
	contentType  string
	cacheControl string
	paths        []string // of CreateInvalidation
}

// world is all that the program talks to: an S3 emulator behind a recorder (the
// emulator loses Cache-Control), what of CloudFront is needed, and CloudFormation's
// end of the answers.
type world struct {
	t        *testing.T
	emulator http.Handler
	s3       *s3.Client // past the recorder
	aws      *httptest.Server
	answers  *httptest.Server
	log      *syncBuffer

	mu       sync.Mutex
	calls    []call
	fault    func(n int, c call, w http.ResponseWriter, r *http.Request) (done bool) // before the n-th call since it was set
	faulty   int
	statuses []int // what the next answers are answered with, before 200s
	got      []cfn.Response
	tries    int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, log: &syncBuffer{}}
	w.emulator = gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	plain := httptest.NewServer(w.emulator)
	w.aws = httptest.NewServer(http.HandlerFunc(w.serve))
	w.answers = httptest.NewServer(http.HandlerFunc(w.answered))
	for _, s := range []*httptest.Server{plain, w.aws, w.answers} {
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	}
	w.s3 = s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: &plain.URL, UsePathStyle: true, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	})})
	if _, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if strings.Contains(w.log.String(), "5ca1ab1e") {
			t.Errorf("the answer's address stands in the log:\n%s", w.log)
		}
		if t.Failed() {
			t.Logf("the program's log:\n%s", w.log)
		}
	})
	return w
}

// serve records what the program asks for, and passes it on.
func (w *world) serve(out http.ResponseWriter, r *http.Request) {
	c := call{contentType: r.Header.Get("Content-Type"), cacheControl: r.Header.Get("Cache-Control")}
	_, c.key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, _ := io.ReadAll(r.Body) // all of it, else nobody would notice when the program is killed
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch query := r.URL.Query(); {
	case strings.HasSuffix(r.URL.Path, "/invalidation"):
		c.operation, c.key = "CreateInvalidation", ""
		var batch struct {
			Paths struct{ Items struct{ Path []string } }
		}
		if err := xml.Unmarshal(body, &batch); err != nil {
			w.t.Errorf("invalidation %s: %v", body, err)
		}
		c.paths = batch.Paths.Items.Path
	case r.Method == "PUT":
		c.operation = "PutObject"
	case r.Method == "POST" && query.Has("delete"):
		c.operation = "DeleteObjects"
		// What S3 calls the only version of an object, the emulator tells and then does not know.
		body = bytes.ReplaceAll(body, []byte("<VersionId>null</VersionId>"), nil)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	case r.Method == "GET" && query.Has("versions"):
		c.operation = "ListObjectVersions"
	case r.Method == "GET" && query.Get("list-type") == "2":
		c.operation = "ListObjectsV2"
	default:
		w.t.Errorf("the role has no permission for %s %s", r.Method, r.URL)
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	fault, n := w.fault, w.faulty
	w.faulty++
	w.mu.Unlock()
	if fault != nil && fault(n, c, out, r) {
		return
	}
	w.forward(c, out, r)
}

func (w *world) forward(c call, out http.ResponseWriter, r *http.Request) {
	if c.operation != "CreateInvalidation" {
		w.emulator.ServeHTTP(out, r)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/2020-05-31/distribution/"+distribution+"/") {
		refuse(out, http.StatusNotFound, "NoSuchDistribution", "The specified distribution does not exist.")
		return
	}
	out.WriteHeader(http.StatusCreated)
	fmt.Fprintf(out, `<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I1</Id><Status>InProgress</Status><CreateTime>2026-11-22T00:00:00Z</CreateTime></Invalidation>`)
}

// refuse answers as S3 and CloudFront do.
func refuse(out http.ResponseWriter, status int, code, message string) {
	out.Header().Set("Content-Type", "application/xml")
	out.Header().Set("X-Amz-Request-Id", "4442587FB7D0A2F9")
	out.Header().Set("X-Amzn-Requestid", "4442587FB7D0A2F9")
	out.WriteHeader(status)
	text := fmt.Sprintf(`<Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	if strings.Contains(code, "Distribution") || strings.Contains(code, "Invalidation") { // CloudFront's
		text = `<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">` + text + `<RequestId>4442587FB7D0A2F9</RequestId></ErrorResponse>`
	}
	io.WriteString(out, text)
}

func (w *world) answered(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	if r.Method != "PUT" || r.Header.Get("Content-Type") != "" || len(body) > 4096 || r.URL.RawQuery != signature {
		w.t.Errorf("the answer came by %s %s as %q with %d bytes", r.Method, r.URL, r.Header.Get("Content-Type"), len(body))
	}
	if len(w.statuses) > 0 {
		status := w.statuses[0]
		w.statuses = w.statuses[1:]
		out.WriteHeader(status)
		return
	}
	var a cfn.Response
	if err := json.Unmarshal(body, &a); err != nil {
		w.t.Errorf("answer %s: %v", body, err)
	}
	w.got = append(w.got, a)
}

// take returns what was called since it was last asked.
func (w *world) take() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// breakCalls has each call seen by fault first; nil: none.
func (w *world) breakCalls(fault func(n int, c call, out http.ResponseWriter, r *http.Request) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.faulty = fault, 0
}

// function runs the real program with this environment.
func (w *world) function(timeout time.Duration) *runtimeapi.Function {
	f, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{
		Name: "WebsiteFunction", Program: program, Timeout: cmp.Or(timeout, 20*time.Second), Logger: slog.New(slog.NewTextHandler(w.log, nil)),
		Env: map[string]string{
			"AWS_ENDPOINT_URL_S3": w.aws.URL, "AWS_ENDPOINT_URL_CLOUDFRONT": w.aws.URL,
			"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local",
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	return f
}

// event is what CloudFormation sends; change alters it.
func (w *world) event(kind cfn.RequestType, change func(*cfn.Event)) []byte {
	e := cfn.Event{
		RequestType: kind, RequestID: "b2d1c0aa-" + string(kind), ResponseURL: w.answers.URL + "/arn%3Aaws%3Acloudformation?" + signature,
		ResourceType: "Custom::ParleySite", LogicalResourceID: "Site", StackID: "arn:aws:cloudformation:us-east-1:123456789012:stack/parley/1",
		ResourceProperties: map[string]any{
			"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:parley-Website",
			"Bucket":       bucket, "DistributionId": distribution, "Server": server, "Hash": wwwroot.Hash(), "Version": "test",
		},
	}
	if kind != cfn.RequestCreate {
		e.PhysicalResourceID = bucket
	}
	if change != nil {
		change(&e)
	}
	b, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// decode is what Lambda's library does with an event.
func (w *world) decode(event []byte, e *cfn.Event) {
	if err := json.Unmarshal(event, e); err != nil {
		w.t.Fatal(err)
	}
}

// ask runs one request in a process of its own and returns its answer.
func (w *world) ask(kind cfn.RequestType, change func(*cfn.Event)) cfn.Response {
	w.t.Helper()
	f := w.function(0)
	defer f.Close()
	if _, err := f.Invoke(w.t.Context(), w.event(kind, change)); err != nil {
		w.t.Fatalf("%s: %v", kind, err)
	}
	return w.answer()
}

// answer is the one that came.
func (w *world) answer() cfn.Response {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got) != 1 {
		w.t.Fatalf("%d answers came, want 1", len(w.got))
	}
	a := w.got[0]
	w.got = nil
	if a.RequestID == "" || a.LogicalResourceID != "Site" || a.StackID == "" || a.PhysicalResourceID == "" {
		w.t.Errorf("the answer lacks something: %+v", a)
	}
	return a
}

func (w *world) succeeds(kind cfn.RequestType, change func(*cfn.Event)) {
	w.t.Helper()
	if a := w.ask(kind, change); a.Status != cfn.StatusSuccess || a.PhysicalResourceID != bucket {
		w.t.Fatalf("%s: %s of %s: %s", kind, a.Status, a.PhysicalResourceID, a.Reason)
	}
}

// store puts an object there past the program.
func (w *world) store(key, content string) {
	w.t.Helper()
	_, err := w.s3.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		w.t.Fatal(err)
	}
}

// isTheSite wants in the bucket what the site has, with its types, and no more.
func (w *world) isTheSite() {
	w.t.Helper()
	files, err := siteFiles(wwwroot.Files(), server)
	if err != nil {
		w.t.Fatal(err)
	}
	page, err := w.s3.ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(page.Contents) != len(files) {
		var names []string
		for _, o := range page.Contents {
			names = append(names, *o.Key)
		}
		w.t.Errorf("the bucket has %d objects, want %d: %s", len(names), len(files), names)
	}
	for _, f := range files {
		o, err := w.s3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &f.name})
		if err != nil {
			w.t.Errorf("%s: %v", f.name, err)
			continue
		}
		content, _ := io.ReadAll(o.Body)
		o.Body.Close()
		if !bytes.Equal(content, f.content) || aws.ToString(o.ContentType) != f.contentType {
			w.t.Errorf("%s is %d bytes of %s, want %d of %s", f.name, len(content), aws.ToString(o.ContentType), len(f.content), f.contentType)
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
