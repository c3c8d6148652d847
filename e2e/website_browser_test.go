package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"parley/deploy/deploytest"
)

// TestWebsiteBrowser deploys, and has a browser go where deploy says: what it gets
// from the bucket is the page, and people talk in it. A small server plays CloudFront:
// the browser is told that its name is there.
func TestWebsiteBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a release")
	}
	for _, test := range []struct {
		name  string
		flags []string
	}{{"private bucket", nil}, {"public website", []string{"--public-website", "true"}}} {
		t.Run(test.name, func(t *testing.T) {
			chat := startStack(t)
			account := startAccount(t)
			var deployed struct{ WebsiteURL, WebSocketURL string }
			if err := json.Unmarshal([]byte(parleyIn(t, account, append([]string{"deploy", "--yes", "--json"}, test.flags...)...)), &deployed); err != nil {
				t.Fatal(err)
			}
			front := httptest.NewTLSServer(newDistribution(t, account, chat))
			defer front.Close()
			browse(t, "browser/deployed/site.test.mjs",
				"PARLEY_SITE="+deployed.WebsiteURL, "PARLEY_SITE_SOCKET="+deployed.WebSocketURL, "PARLEY_SITE_ADDRESS="+front.Listener.Addr().String())
		})
	}
}

// distribution does what the template has CloudFront do: / and the addresses of
// rooms are index.html, all else is an object of the bucket or 404, with the page's
// headers; /socket goes to the chat.
type distribution struct {
	t       *testing.T
	bucket  siteBucket
	headers http.Header
	socket  http.Handler
}

func newDistribution(t *testing.T, account *deploytest.AWS, chat *program) *distribution {
	t.Helper()
	d := &distribution{t: t, bucket: bucketOf(t, account), headers: http.Header{}}
	// A test of the template holds it to the same headers as the local server.
	page, err := http.Get(chat.website)
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "X-Frame-Options", "Permissions-Policy"} {
		if d.headers[name] = page.Header[name]; len(d.headers[name]) != 1 {
			t.Errorf("the local server sends %q as %s", d.headers[name], name)
		}
	}
	to, err := url.Parse(chat.website)
	if err != nil {
		t.Fatal(err)
	}
	d.socket = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Set("Origin", chat.website) // its gateway does not know the distribution's name; OnConnect does, on AWS
	}}
	return d
}

var roomPath = regexp.MustCompile(`^/r/[^/]+$`)

func (d *distribution) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/socket" {
		d.socket.ServeHTTP(w, r)
		return
	}
	for name, values := range d.headers {
		w.Header()[name] = values
	}
	key := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if key == "" || roomPath.MatchString(r.URL.EscapedPath()) {
		key = "index.html"
	}
	object, err := d.bucket.get(r.Context(), key)
	var refused smithy.APIError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() == "NoSuchKey":
		http.NotFound(w, r)
	case err != nil:
		d.t.Errorf("%s: %v", key, err)
		http.Error(w, "the origin fails", http.StatusBadGateway)
	default:
		defer object.Body.Close()
		w.Header().Set("Content-Type", aws.ToString(object.ContentType))
		w.Header().Set("Cache-Control", aws.ToString(object.CacheControl))
		w.Header().Set("ETag", aws.ToString(object.ETag))
		io.Copy(w, object.Body)
	}
}
