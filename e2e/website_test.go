package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parley/deploy/deploytest"
	"parley/protocol"
	"parley/runtimeapi"
)

// websiteProgram is the site's Lambda program, built once for all tests.
var websiteProgram = sync.OnceValues(func() (string, error) {
	program := filepath.Join(scratch, "website")
	return program, buildWebsite("..", program)
})

// buildWebsite compiles it as it is deployed, but for this machine.
func buildWebsite(source, to string) error {
	command := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc,nethttpomithttp2", "-ldflags", "-s -w", "-buildvcs=false", "-o", to, "./functions/website")
	command.Dir = source
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./functions/website: %w\n%s", err, out)
	}
	return nil
}

// startAccount is a stand-in for an AWS account in which the site's resource is
// carried out by the real Lambda program.
func startAccount(t *testing.T) *deploytest.AWS {
	t.Helper()
	account := deploytest.Start(t)
	program, err := websiteProgram()
	if err != nil {
		t.Fatal(err)
	}
	account.Custom = siteFunction(t, account, program, account.URL)
	return account
}

// siteFunction runs the program as the function behind the resource, with S3 at
// this address.
func siteFunction(t *testing.T, account *deploytest.AWS, program, s3 string) func(context.Context, []byte) error {
	t.Helper()
	website, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{
		Name: "parley-Website", Program: program, Region: deploytest.Region, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Env: map[string]string{"AWS_ENDPOINT_URL": account.URL, "AWS_ENDPOINT_URL_S3": s3, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { website.Close() })
	return func(ctx context.Context, event []byte) error {
		_, err := website.Invoke(ctx, event)
		return err
	}
}

// parleyIn runs a released program against the account, on a machine that has nothing
// else, and returns what it printed.
func parleyIn(t *testing.T, account *deploytest.AWS, arguments ...string) string {
	t.Helper()
	out, errs, err := alone(t, release(t), account.Env(), arguments...)
	if err != nil {
		t.Fatalf("parley %s: %v\n%s%s", strings.Join(arguments, " "), err, out, errs)
	}
	return out
}

// TestReleaseDeploys is the one downloaded file and an account: the chat comes,
// stays as it is, and goes without a trace.
func TestReleaseDeploys(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a release")
	}
	account := startAccount(t)
	out := parleyIn(t, account, "deploy", "--yes")
	for _, line := range []string{`(?m)^Website URL: https://\w+\.cloudfront\.net$`, `(?m)^WebSocket URL: wss://\w+\.cloudfront\.net/socket$`} {
		if !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("deploy printed no %s:\n%s", line, out)
		}
	}
	// What the local server has beside the page is here, too.
	specification, err := bucketOf(t, account).get(t.Context(), "asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(specification.Body)
	specification.Body.Close()
	if err != nil || !bytes.Equal(text, protocol.AsyncAPI) || aws.ToString(specification.ContentType) != "application/yaml" {
		t.Errorf("asyncapi.yaml has %d bytes of %s: %v", len(text), aws.ToString(specification.ContentType), err)
	}
	var again struct{ Result, Version string }
	if err := json.Unmarshal([]byte(parleyIn(t, account, "deploy", "--yes", "--json")), &again); err != nil || again.Result != "unchanged" || again.Version != releaseVersion {
		t.Errorf("a second deploy: %+v, %v", again, err)
	}
	var status struct{ Site, Version string }
	if err := json.Unmarshal([]byte(parleyIn(t, account, "status", "--json")), &status); err != nil || status.Site != "same" || status.Version != releaseVersion {
		t.Errorf("status: %+v, %v", status, err)
	}
	parleyIn(t, account, "destroy", "--yes")
	if left := account.Left(); len(left) > 0 {
		t.Errorf("destroy left %q", left)
	}
}

// TestUpgrade: the next version, of which one file of the page is another, is an
// update of the function and of the site alone, and back again.
func TestUpgrade(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two releases")
	}
	const next = "9.8.8-test"
	source := t.TempDir()
	copySource(t, Root(t), source)
	page := filepath.Join(source, "wwwroot", "app.js")
	changed, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	changed = append(changed, "// the next version\n"...)
	if err := os.WriteFile(page, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	upgraded := filepath.Join(makeRelease(t, source, next), releaseName(next))
	if err := buildWebsite(source, filepath.Join(source, "website")); err != nil {
		t.Fatal(err)
	}

	account := startAccount(t)
	present := account.Custom
	following := siteFunction(t, account, filepath.Join(source, "website"), account.URL)
	var isNext atomic.Bool // which of the two zips the function has
	account.Custom = func(ctx context.Context, event []byte) error {
		if isNext.Load() {
			return following(ctx, event)
		}
		return present(ctx, event)
	}
	parleyIn(t, account, "deploy", "--yes")
	for _, step := range []struct {
		program string
		next    bool
	}{{upgraded, true}, {release(t), false}} {
		isNext.Store(step.next)
		before := len(account.Calls())
		out, errs, err := alone(t, step.program, account.Env(), "deploy", "--yes", "--json")
		var did struct {
			Changes []struct{ Action, Resource string }
		}
		if err != nil || json.Unmarshal([]byte(out), &did) != nil {
			t.Fatalf("upgrade: %v\n%s%s", err, out, errs)
		}
		touched := map[string]string{}
		for _, c := range did.Changes {
			touched[c.Resource] = c.Action
		}
		if touched["Site"] == "" || touched["WebsiteFunction"] == "" || touched["ConnectionsTable"] != "" || touched["WebsiteBucket"] != "" {
			t.Errorf("the upgrade changed %v", touched)
		}
		invalidations := 0
		for _, c := range account.Calls()[before:] {
			if c.Operation == "CreateInvalidation" {
				invalidations++
			}
		}
		object, err := bucketOf(t, account).get(t.Context(), "app.js")
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(object.Body)
		object.Body.Close()
		if err != nil || bytes.Equal(content, changed) != step.next || invalidations != 1 {
			t.Errorf("next version %v: app.js is it: %v; %d invalidations, %v", step.next, bytes.Equal(content, changed), invalidations, err)
		}
		if out, errs, err := alone(t, step.program, account.Env(), "status"); err != nil || !strings.Contains(out, "site: as deployed") {
			t.Errorf("status: %v\n%s%s", err, out, errs)
		}
	}
}

// TestSiteRefused: what S3 refuses the site stands in the terminal with what to do,
// the first deployment goes back, and the next one is whole.
func TestSiteRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a release")
	}
	account := deploytest.Start(t)
	to, err := url.Parse(account.URL)
	if err != nil {
		t.Fatal(err)
	}
	var refuses atomic.Bool
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuses.Load() && r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/app.js") {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	program, err := websiteProgram()
	if err != nil {
		t.Fatal(err)
	}
	account.Custom = siteFunction(t, account, program, front.URL)

	refuses.Store(true)
	out, errs, err := alone(t, release(t), account.Env(), "deploy", "--yes")
	for _, told := range []string{"put app.js into the bucket parley-websitebucket-", "AccessDenied: Access Denied", "The function's role needs s3:PutObject on the bucket's objects"} {
		if err == nil || !strings.Contains(errs, told) {
			t.Errorf("a deploy that is refused: %v, standard error lacks %q:\n%s\n%s", err, told, out, errs)
		}
	}
	refuses.Store(false)
	if out := parleyIn(t, account, "deploy", "--yes"); !strings.Contains(out, "Website URL: https://") {
		t.Errorf("the next deploy:\n%s", out)
	}
	parleyIn(t, account, "destroy", "--yes")
	if left := account.Left(); len(left) > 0 {
		t.Errorf("destroy left %q", left)
	}
}

// siteBucket is the bucket that deploy has filled.
type siteBucket struct {
	s3   *s3.Client
	name string
}

func bucketOf(t *testing.T, account *deploytest.AWS) siteBucket {
	t.Helper()
	b := siteBucket{s3: s3.New(s3.Options{
		Region: deploytest.Region, BaseEndpoint: &account.URL, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})}
	for _, thing := range account.Left() {
		if name, ok := strings.CutPrefix(thing, "AWS::S3::Bucket "); ok && strings.HasPrefix(name, "parley-website") {
			b.name = name
		}
	}
	return b
}

func (b siteBucket) get(ctx context.Context, key string) (*s3.GetObjectOutput, error) {
	return b.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
}
