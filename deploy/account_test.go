package deploy

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parley/deploy/deploytest"
)

// TestMain gives all tests what deploytest's Env has, but for the address: each test
// has an account of its own, and many run at once.
func TestMain(m *testing.M) {
	for _, pair := range (&deploytest.AWS{}).Env() {
		name, value, _ := strings.Cut(pair, "=")
		if name == "AWS_CONFIG_FILE" || name == "AWS_SHARED_CREDENTIALS_FILE" {
			value = os.DevNull
		}
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// account is an AWS account of a test's own, and one who works in it.
type account struct {
	*deploytest.AWS
	t        *testing.T
	name     string // of the stack
	out      bytes.Buffer
	typed    string // on the terminal; empty: everything is agreed to
	terminal bool
	poll     time.Duration
	endpoint string // where its commands find AWS
}

func newAccount(t *testing.T) *account {
	a := &account{AWS: deploytest.Start(t), t: t, name: "parley"}
	a.endpoint = a.URL
	a.Custom = a.fillSite
	return a
}

// another is somebody else who works in the same account.
func (a *account) another() *account {
	return &account{AWS: a.AWS, t: a.t, name: a.name, endpoint: a.URL}
}

// release is a small version of the program: another word is another version.
func release(word string) Release {
	return Release{
		Version: "1.0.0-" + word, SiteHash: fmt.Sprintf("%064x", word),
		Site: fstest.MapFS{"index.html": {Data: []byte("<title>" + word)}, "sdk/chat.js": {Data: []byte("export {}")}},
		Packages: func(context.Context) (Packages, error) {
			return Packages{Functions: zipped("functions of " + word), Website: zipped("website of " + word)}, nil
		},
	}
}

// zipped is a package with that program.
func zipped(program string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.WriteString(w, program)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// open begins a command.
func (a *account) open(ctx context.Context) (*Stack, error) {
	return Open(ctx, Options{
		Name: a.name, Poll: cmp.Or(a.poll, 5*time.Millisecond), endpoint: a.endpoint,
		Console: Console{Out: &a.out, In: strings.NewReader(a.typed), Terminal: a.terminal, Yes: a.typed == "" && !a.terminal},
	})
}

func (a *account) deploy(ctx context.Context, r Release, set Settings) (*Deployed, error) {
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.Deploy(ctx, r, set)
}

func (a *account) destroy(ctx context.Context) (*Destroyed, error) {
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return s.Destroy(ctx)
}

func (a *account) status(r Release) (*Status, error) {
	s, err := a.open(a.t.Context())
	if err != nil {
		return nil, err
	}
	return s.Status(a.t.Context(), r)
}

// mustDeploy deploys a release and expects that to do something.
func (a *account) mustDeploy(word, result string) *Deployed {
	a.t.Helper()
	d, err := a.deploy(a.t.Context(), release(word), Settings{})
	if err != nil {
		a.t.Fatalf("deploy %s: %v\n%s", word, err, a.told())
	}
	if d.Result != result {
		a.t.Fatalf("deploy %s: got %s, want %s\n%s", word, d.Result, result, a.told())
	}
	return d
}

// told is what was printed since the last time.
func (a *account) told() string {
	defer a.out.Reset()
	return a.out.String()
}

func (a *account) wantTold(parts ...string) {
	a.t.Helper()
	told := a.told()
	for _, part := range parts {
		if !strings.Contains(told, part) {
			a.t.Errorf("%q was not told:\n%s", part, told)
		}
	}
}

// wantLeft expects exactly these stacks and buckets in the account.
func (a *account) wantLeft(want ...string) {
	a.t.Helper()
	var got []string
	for _, thing := range a.Left() {
		if strings.HasPrefix(thing, "stack ") || strings.Contains(thing, "artifacts") {
			got = append(got, thing)
		}
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("in the account: got %q, want %q", got, want)
	}
}

const artifacts = "AWS::S3::Bucket parley-artifacts-" + deploytest.Account + "-" + deploytest.Region

// objects are the keys in a bucket.
func (a *account) objects(bucket string) (keys []string) {
	a.t.Helper()
	out, err := a.s3().ListObjectsV2(a.t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, o := range out.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys
}

// counted is how often an operation was called.
func (a *account) counted(operation string) (n int) {
	for _, c := range a.Calls() {
		if c.Operation == operation {
			n++
		}
	}
	return n
}

// fillSite does what functions/website does, as far as status sees it: it puts
// the release's files and config.json into the bucket, and empties it in the end.
func (a *account) fillSite(ctx context.Context, event []byte) error {
	var e struct {
		RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId string
		ResourceProperties                                                                  struct{ Bucket, Server, Hash string }
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return err
	}
	p := e.ResourceProperties
	client := a.s3()
	if e.RequestType == "Delete" {
		out, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.Bucket})
		if err != nil {
			return err
		}
		for _, o := range out.Contents {
			if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.Bucket, Key: o.Key}); err != nil {
				return err
			}
		}
	} else {
		word := strings.TrimLeft(p.Hash, "0")
		var plain string
		fmt.Sscanf(word, "%x", &plain)
		files := map[string]string{"config.json": fmt.Sprintf(`{"server":%q}`, p.Server)}
		for path, f := range release(plain).Site.(fstest.MapFS) {
			files[path] = string(f.Data)
		}
		for path, content := range files {
			if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &p.Bucket, Key: &path, Body: strings.NewReader(content)}); err != nil {
				return err
			}
		}
	}
	answer, err := json.Marshal(map[string]string{
		"Status": "SUCCESS", "PhysicalResourceId": p.Bucket, "StackId": e.StackId, "RequestId": e.RequestId, "LogicalResourceId": e.LogicalResourceId,
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, e.ResponseURL, bytes.NewReader(answer))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err == nil {
		response.Body.Close()
	}
	return err
}

// s3 is a client that comes past whatever is between a command and AWS.
func (a *account) s3() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &a.URL, Region: deploytest.Region, UsePathStyle: true, Credentials: anyCredentials,
	})
}

var anyCredentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "any"}, nil
})
