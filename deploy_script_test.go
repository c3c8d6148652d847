package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"

	"parley/deploy"
	"parley/deploy/deploytest"
	"parley/dynamo"
	"parley/e2e"
)

// scripted is the environment of a parley that a script runs: what it deploys
// is in the script's folder "release", so that nothing is compiled, and it looks
// at the stand-in's work more often than at AWS's.
func scripted() *environment {
	e := &environment{getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, release: releaseOf}
	if folder := os.Getenv("SCRIPT_RELEASE"); folder != "" {
		e.poll = 20 * time.Millisecond
		e.release = func(io.Writer) deploy.Release { return readRelease(folder) }
	}
	return e
}

// readRelease reads version, functions, website and site/ from a folder.
func readRelease(folder string) deploy.Release {
	file := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			panic(err)
		}
		return bytes.TrimSpace(b)
	}
	site := os.DirFS(filepath.Join(folder, "site"))
	return deploy.Release{
		Version: string(file("version")), Site: site, SiteHash: siteHash(site),
		Packages: func(context.Context) (deploy.Packages, error) {
			return deploy.Packages{Functions: zipped(file("functions")), Website: zipped(append(file("website"), siteHash(site)...))}, nil
		},
	}
}

func siteHash(site fs.FS) string {
	sum := sha256.New()
	for path, content := range siteFiles(site) {
		fmt.Fprintf(sum, "%q %q\n", path, content)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func siteFiles(site fs.FS) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		err := fs.WalkDir(site, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := fs.ReadFile(site, path)
			if err == nil && !yield(path, content) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			panic(err)
		}
	}
}

func zipped(program []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = w.Write(program)
	}
	if err = cmp.Or(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// scriptAccount is the AWS account of a script.
type scriptAccount struct {
	t testing.TB
	*deploytest.AWS
}

// account gives the script an AWS account of its own:
//
//	account                     begins it; parley then works there
//	account fail NAME REASON    a resource of the template fails with that reason; without REASON no longer
//	account deny ACTION         a permission is missing
//	account expire              the credentials are no longer valid
//	account leave TYPE NAME     somebody else makes something
//	account left                prints what there is
//	account table NAME          the table takes rows: an emulator stands in its place
func account(ts *testscript.TestScript, neg bool, args []string) {
	a := ts.Value("account").(*scriptAccount)
	args = append(args, "", "", "")
	switch args[0] {
	case "":
		a.AWS = deploytest.Start(a.t)
		folder := ts.MkAbs("release")
		a.Custom = func(ctx context.Context, event []byte) error { return fillSite(ctx, a.URL, folder, event) }
		for _, pair := range a.Env() {
			name, value, _ := strings.Cut(pair, "=")
			ts.Setenv(name, value)
		}
		ts.Setenv("SCRIPT_RELEASE", folder)
	case "fail":
		a.Fail(args[1], args[2])
	case "deny":
		a.Deny(args[1])
	case "expire":
		a.Expire(true)
	case "leave":
		a.Leave(args[1], args[2])
	case "table":
		endpoint := e2e.DynamoDB(a.t)
		client := dynamo.NewClient(dynamo.ClientOptions{
			Region: deploytest.Region, Endpoint: endpoint,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
			}),
		})
		ts.Check(dynamo.CreateTable(context.Background(), client, args[1]))
		ts.Setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
	case "left":
		fmt.Fprintln(ts.Stdout(), strings.Join(a.Left(), "\n"))
	default:
		ts.Fatalf("account does not know %s", args[0])
	}
}

// fillSite does what functions/website does, as far as these sessions show it.
func fillSite(ctx context.Context, endpoint, folder string, event []byte) error {
	var e struct {
		RequestType, ResponseURL, StackId, RequestId, LogicalResourceId string
		ResourceProperties                                              struct{ Bucket, Server string }
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return err
	}
	bucket := e.ResourceProperties.Bucket
	client := s3.New(s3.Options{
		BaseEndpoint: &endpoint, Region: deploytest.Region, UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "any"}, nil
		}),
	})
	old, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		return err
	}
	for _, o := range old.Contents {
		if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: o.Key}); err != nil {
			return err
		}
	}
	put := func(path string, content []byte) {
		_, failed := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &path, Body: bytes.NewReader(content)})
		err = cmp.Or(err, failed)
	}
	if e.RequestType != "Delete" {
		for path, content := range siteFiles(os.DirFS(filepath.Join(folder, "site"))) {
			put(path, content)
		}
		put("config.json", fmt.Appendf(nil, `{"server":%q}`, e.ResourceProperties.Server))
	}
	if err != nil {
		return err
	}
	answer, err := json.Marshal(map[string]string{
		"Status": "SUCCESS", "PhysicalResourceId": bucket, "StackId": e.StackId, "RequestId": e.RequestId, "LogicalResourceId": e.LogicalResourceId,
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
		err = response.Body.Close()
	}
	return err
}

// shows compares a file, or stdout, with what a reader is to see: shows FILE WANT.
// A line "..." stands for any lines, and the sign … for whatever differs from run
// to run.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shows FILE WANT")
	}
	got := strings.Split(strings.TrimRight(ts.ReadFile(args[0]), "\n"), "\n")
	at, skip := 0, false
	for _, want := range strings.Split(strings.TrimRight(ts.ReadFile(args[1]), "\n"), "\n") {
		if want == "..." {
			skip = true
			continue
		}
		pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", `.*`) + "$")
		for skip && at < len(got) && !pattern.MatchString(got[at]) {
			at++
		}
		if at >= len(got) || !pattern.MatchString(got[at]) {
			ts.Fatalf("%s shows no line %q from its line %d on:\n%s", args[0], want, at+1, strings.Join(got, "\n"))
		}
		at, skip = at+1, false
	}
	if !skip && at < len(got) {
		ts.Fatalf("%s shows more than wanted, from line %d on:\n%s", args[0], at+1, strings.Join(got, "\n"))
	}
}
