package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parley/wwwroot"
)

// TestSite is a site's life, told by the requests of CloudFormation, with the real
// program under Lambda's Runtime API.
func TestSite(t *testing.T) {
	w := newWorld(t)
	operations := func(calls []call) map[string]int {
		n := map[string]int{}
		for _, c := range calls {
			n[c.operation]++
		}
		return n
	}
	files, err := siteFiles(wwwroot.Files(), server)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("create puts the page, with types and cache headers, and index.html last", func(t *testing.T) {
		w.succeeds(cfn.RequestCreate, nil)
		w.isTheSite()
		calls := w.take()
		if got, want := operations(calls), map[string]int{"ListObjectsV2": 1, "PutObject": len(files)}; !maps.Equal(got, want) {
			t.Errorf("calls %v, want %v", got, want)
		}
		want := map[string][2]string{
			"index.html":  {"text/html; charset=utf-8", "no-cache"},
			"config.json": {"application/json", "no-store"},
			"app.js":      {"text/javascript; charset=utf-8", "public, max-age=0, s-maxage=86400"},
			"app.css":     {"text/css; charset=utf-8", "public, max-age=0, s-maxage=86400"},
			"favicon.svg": {"image/svg+xml", "public, max-age=0, s-maxage=86400"},
			"sdk/chat.js": {"text/javascript; charset=utf-8", "public, max-age=0, s-maxage=86400"},
		}
		for _, c := range calls {
			if headers, ok := want[c.key]; ok && headers != [2]string{c.contentType, c.cacheControl} {
				t.Errorf("%s was put as %q, %q, want %q", c.key, c.contentType, c.cacheControl, headers)
			}
			delete(want, c.key)
		}
		if len(want) > 0 {
			t.Errorf("never put: %v", want)
		}
		if last := calls[len(calls)-1].key; last != "index.html" {
			t.Errorf("the last file is %s", last)
		}
	})

	t.Run("config.json names the socket as the sample's does", func(t *testing.T) {
		if got, want := string(files[0].content), `{"server":"`+server+`"}`+"\n"; files[0].name != "config.json" || got != want {
			t.Errorf("%s is %s, want %s", files[0].name, got, want)
		}
	})

	t.Run("an update that changes nothing invalidates nothing", func(t *testing.T) {
		w.succeeds(cfn.RequestUpdate, nil)
		w.isTheSite()
		if got := operations(w.take()); got["CreateInvalidation"]+got["DeleteObjects"] > 0 {
			t.Errorf("calls %v", got)
		}
	})

	t.Run("an update puts what is new, removes what is stale, and invalidates these", func(t *testing.T) {
		w.store("app.js", "the app of an older version")
		w.store("index.html", "the page of an older version")
		w.store("sdk/old.js", "gone in this version")
		w.succeeds(cfn.RequestUpdate, nil)
		w.isTheSite()
		calls := w.take()
		var last, first int // the last put, the first removal
		for i, c := range calls {
			switch c.operation {
			case "PutObject":
				last = i
			case "DeleteObjects":
				if first == 0 {
					first = i
				}
			case "CreateInvalidation":
				if want := []string{"/app.js", "/index.html", "/", "/sdk/old.js"}; !slices.Equal(c.paths, want) {
					t.Errorf("invalidated %q, want %q", c.paths, want)
				}
			}
		}
		if got := operations(calls); got["CreateInvalidation"] != 1 || first < last {
			t.Errorf("calls %v, the first removal is the %d-th, the last put the %d-th", got, first, last)
		}
	})

	t.Run("a new address of the socket is a new config.json", func(t *testing.T) {
		w.succeeds(cfn.RequestUpdate, func(e *cfn.Event) { e.ResourceProperties["Server"] = "wss://chat.example.com/socket" })
		for _, c := range w.take() {
			if c.operation == "CreateInvalidation" && !slices.Equal(c.paths, []string{"/config.json"}) {
				t.Errorf("invalidated %q", c.paths)
			}
		}
	})

	t.Run("very much that is stale is one path of CloudFront", func(t *testing.T) {
		for i := range 1100 { // more than a page, and than one removal
			w.store(fmt.Sprintf("old/%d.js", i), "old")
		}
		w.succeeds(cfn.RequestUpdate, nil)
		w.isTheSite()
		calls := w.take()
		i := slices.IndexFunc(calls, func(c call) bool { return c.operation == "CreateInvalidation" })
		if i < 0 || !slices.Equal(calls[i].paths, []string{"/*"}) || operations(calls)["ListObjectsV2"] != 2 || operations(calls)["DeleteObjects"] != 3 {
			t.Errorf("calls %v", operations(calls))
		}
	})

	t.Run("delete empties it, and may come again", func(t *testing.T) {
		for range 2 {
			w.succeeds(cfn.RequestDelete, nil)
			w.isEmpty()
		}
	})
}

// isEmpty wants a bucket that CloudFormation can delete.
func (w *world) isEmpty() {
	w.t.Helper()
	page, err := w.s3.ListObjectVersions(w.t.Context(), &s3.ListObjectVersionsInput{Bucket: aws.String(bucket)})
	if err != nil {
		w.t.Fatal(err)
	}
	if n := len(page.Versions) + len(page.DeleteMarkers); n > 0 {
		w.t.Errorf("%d versions and markers are left", n)
	}
}

func TestDelete(t *testing.T) {
	t.Run("with versions and delete markers, whoever made them", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
			Bucket: aws.String(bucket), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.succeeds(cfn.RequestCreate, nil)
		w.succeeds(cfn.RequestUpdate, func(e *cfn.Event) { e.ResourceProperties["Server"] = "wss://chat.example.com/socket" })
		w.store("somebody's own.txt", "1")
		w.store("somebody's own.txt", "2")
		if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String("somebody's own.txt")}); err != nil {
			t.Fatal(err)
		}
		w.succeeds(cfn.RequestDelete, nil)
		w.isEmpty()
	})
	t.Run("more than one list and one removal hold", func(t *testing.T) {
		w := newWorld(t)
		for i := range maxRemoved + 100 {
			w.store(fmt.Sprint(i), "somebody's own")
		}
		w.succeeds(cfn.RequestDelete, nil)
		w.isEmpty()
		lists := 0
		for _, c := range w.take() {
			if c.operation == "ListObjectVersions" {
				lists++
			}
		}
		if lists != 3 { // the last one finds nothing
			t.Errorf("%d lists were asked for", lists)
		}
	})
	t.Run("a bucket that is gone", func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(bucket)}); err != nil {
			t.Fatal(err)
		}
		w.succeeds(cfn.RequestDelete, nil)
	})
	t.Run("after a change of buckets, the old one is emptied", func(t *testing.T) {
		w := newWorld(t)
		w.store("index.html", "old")
		w.succeeds(cfn.RequestDelete, func(e *cfn.Event) { e.ResourceProperties["Bucket"] = "parley-another" })
		w.isEmpty()
	})
	t.Run("of a Create that was never answered", func(t *testing.T) {
		w := newWorld(t)
		w.store("index.html", "half a site")
		const made = "parley-Site-1ABC2DEF"
		if a := w.ask(cfn.RequestDelete, func(e *cfn.Event) { e.PhysicalResourceID = made }); a.Status != cfn.StatusSuccess || a.PhysicalResourceID != made {
			t.Errorf("%+v", a)
		}
		w.isEmpty()
	})
	t.Run("of a Create that had no bucket", func(t *testing.T) {
		w := newWorld(t)
		a := w.ask(cfn.RequestCreate, func(e *cfn.Event) { delete(e.ResourceProperties, "Bucket") })
		if a.Status != cfn.StatusFailed {
			t.Fatalf("%+v", a)
		}
		if b := w.ask(cfn.RequestDelete, func(e *cfn.Event) { e.PhysicalResourceID = a.PhysicalResourceID }); b.Status != cfn.StatusSuccess {
			t.Errorf("%+v", b)
		}
		if calls := w.take(); len(calls) > 0 {
			t.Errorf("called %+v", calls)
		}
	})
}

// TestMovesToAnotherBucket: another id is what has CloudFormation delete the old one.
func TestMovesToAnotherBucket(t *testing.T) {
	w := newWorld(t)
	a := w.ask(cfn.RequestUpdate, func(e *cfn.Event) { e.PhysicalResourceID = "parley-before" })
	if a.Status != cfn.StatusSuccess || a.PhysicalResourceID != bucket {
		t.Errorf("%+v", a)
	}
	w.isTheSite()
}

// TestKilled ends the program at each of its calls in turn, and runs the request
// again, as Lambda does: the bucket holds the site then, and CloudFront was told of
// all that had changed.
func TestKilled(t *testing.T) {
	for _, moment := range []string{"before", "after"} {
	moments:
		for k := 0; ; k++ {
			w := newWorld(t)
			w.store("app.js", "old")
			w.store("index.html", "old")
			w.store("stale.js", "old")
			f := w.function(0)
			at := make(chan struct{})
			w.breakCalls(func(n int, c call, out http.ResponseWriter, r *http.Request) bool {
				if n != k {
					return false
				}
				if moment == "after" {
					w.forward(c, httptest.NewRecorder(), r)
				}
				close(at)
				<-r.Context().Done()
				return true
			})
			done := make(chan error, 1)
			go func() {
				_, err := f.Invoke(t.Context(), w.event(cfn.RequestUpdate, nil))
				done <- err
			}()
			select {
			case <-at:
				f.Close()
				<-done
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				w.answer()
				if k < 25 { // as many files, and then some
					t.Fatalf("only %d calls were made", k)
				}
				break moments
			}
			w.breakCalls(nil)
			w.succeeds(cfn.RequestUpdate, nil)
			w.isTheSite()
			told := map[string]bool{}
			for _, c := range w.take() {
				for _, p := range c.paths {
					told[p] = true
				}
			}
			if !told["/*"] && !(told["/app.js"] && told["/index.html"] && told["/stale.js"]) {
				t.Errorf("killed %s call %d: CloudFront was told of %v", moment, k, told)
			}
		}
	}
}

// TestRefused: the reason is a sentence with the cause and what to do.
func TestRefused(t *testing.T) {
	refused := func(operation string, status int, code, message string) func(int, call, http.ResponseWriter, *http.Request) bool {
		return func(_ int, c call, out http.ResponseWriter, r *http.Request) bool {
			if c.operation == operation {
				refuse(out, status, code, message)
			}
			return c.operation == operation
		}
	}
	for what, test := range map[string]struct {
		kind   cfn.RequestType
		change func(*cfn.Event)
		fault  func(int, call, http.ResponseWriter, *http.Request) bool
		want   string
	}{
		"S3 forbids": {
			cfn.RequestCreate, nil, refused("PutObject", 403, "AccessDenied", "Access Denied"),
			"The site was not put into its bucket: put .unfinished into the bucket " + bucket + ": AccessDenied: Access Denied (request 4442587FB7D0A2F9). " +
				"The function's role needs s3:PutObject on the bucket's objects, and no policy of the bucket or the organisation may deny it.",
		},
		"S3 forbids to look": {
			cfn.RequestDelete, nil, refused("ListObjectVersions", 403, "AccessDenied", "Access Denied"),
			"The site's bucket was not emptied: list the bucket " + bucket + ": AccessDenied: Access Denied (request 4442587FB7D0A2F9). " +
				"The function's role needs s3:ListBucketVersions on the bucket, and no policy of the bucket or the organisation may deny it.",
		},
		"an object is protected": {
			cfn.RequestDelete, nil, func(_ int, c call, out http.ResponseWriter, r *http.Request) bool {
				if c.operation != "DeleteObjects" {
					return false
				}
				fmt.Fprint(out, `<DeleteResult><Error><Key>app.js</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>`)
				return true
			},
			"The site's bucket was not emptied: remove app.js and 0 more from the bucket " + bucket + ": AccessDenied: Access Denied. " +
				"The function's role needs s3:DeleteObject and s3:DeleteObjectVersion on the bucket's objects, and no policy of the bucket or the organisation may deny it.",
		},
		"the bucket is gone": {
			cfn.RequestUpdate, nil, refused("ListObjectsV2", 404, "NoSuchBucket", "The specified bucket does not exist"),
			"The site was not put into its bucket: list the bucket " + bucket + ": NoSuchBucket: The specified bucket does not exist (request 4442587FB7D0A2F9). " +
				"The bucket was deleted by hand; destroy the stack and deploy it anew.",
		},
		"the distribution is gone": {
			cfn.RequestUpdate, func(e *cfn.Event) { e.ResourceProperties["DistributionId"] = "E0" }, nil,
			"The site was not put into its bucket: tell the distribution E0 what has changed: NoSuchDistribution: The specified distribution does not exist (request 4442587FB7D0A2F9). " +
				"The distribution was deleted by hand; destroy the stack and deploy it anew.",
		},
		"too many invalidations": {
			cfn.RequestUpdate, nil, refused("CreateInvalidation", 400, "TooManyInvalidationsInProgress", "Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations."),
			"The site was not put into its bucket: tell the distribution " + distribution + " what has changed: TooManyInvalidationsInProgress: Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations (request 4442587FB7D0A2F9). " +
				"Wait some minutes until they are done, then deploy again.",
		},
		"another site": {
			cfn.RequestUpdate, func(e *cfn.Event) { e.ResourceProperties["Hash"] = strings.Repeat("0", 64) }, nil,
			"The site was not put into its bucket: the stack asks for the site 000000000000 and this function holds " + wwwroot.Hash()[:12] + ": its parameters WebsiteKey and SiteHash are of different versions of Parley; deploy again with one.",
		},
		"properties": {
			cfn.RequestUpdate, func(e *cfn.Event) {
				e.ResourceProperties = map[string]any{"Bucket": bucket, "DistributionId": 1, "Server": "https://chat.example.com", "Hash": wwwroot.Hash()}
			}, nil,
			"The site was not put into its bucket: the property DistributionId is not set: the CloudFront distribution before it; " +
				`the property Server is "https://chat.example.com", no address of a WebSocket, wss://….`,
		},
		"a request of the future": {
			"Import", nil, nil, `The site was not put into its bucket: a request of type "Import" is unknown.`,
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.store("app.js", "old")
			w.breakCalls(test.fault)
			if a := w.ask(test.kind, test.change); a.Status != cfn.StatusFailed || a.Reason != test.want || a.PhysicalResourceID != bucket {
				t.Errorf("%s of %s:\n%s\nwant\n%s", a.Status, a.PhysicalResourceID, a.Reason, test.want)
			}
		})
	}
}

// TestPassingTrouble: what AWS answers now and then is tried again.
func TestPassingTrouble(t *testing.T) {
	w := newWorld(t)
	w.breakCalls(func(n int, c call, out http.ResponseWriter, r *http.Request) bool {
		if n%10 == 3 {
			refuse(out, 503, "SlowDown", "Please reduce your request rate.")
		}
		return n%10 == 3
	})
	w.succeeds(cfn.RequestCreate, nil)
	w.isTheSite()
}

// TestSlow: S3 does not answer, CloudFormation is answered all the same.
func TestSlow(t *testing.T) {
	for _, kind := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestDelete} {
		w := newWorld(t)
		w.breakCalls(func(n int, c call, out http.ResponseWriter, r *http.Request) bool {
			if n == 1 || kind == cfn.RequestDelete {
				<-r.Context().Done()
				return true
			}
			return false
		})
		f := w.function(2 * time.Second)
		if _, err := f.Invoke(t.Context(), w.event(kind, nil)); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		a := w.answer()
		if a.Status != cfn.StatusFailed || !strings.Contains(a.Reason, "context deadline exceeded. It took longer than the function may;") {
			t.Errorf("%s: %s: %s", kind, a.Status, a.Reason)
		}
		f.Close()
	}
}
