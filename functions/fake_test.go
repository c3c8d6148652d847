package functions_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"go.uber.org/goleak"

	"parley/functions"
)

// credentials as AWS's documentation shows them; the token has the length of one.
var credentials = functions.Credentials{
	AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	SessionToken: strings.Repeat("IQoJb3JpZ2luX2Vj//+=", 50),
}

const region = "us-east-1"

// api is API Gateway's @connections API as it behaves.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
type api struct {
	*httptest.Server
	t  testing.TB
	mu sync.Mutex

	open    map[string]chan []byte
	answers map[string][]answering // instead of the usual, one for each request to an id
	calls   map[string]int         // requests by id
	under   int                    // requests under way
	peak    int                    // the most of these
	made    int                    // ids
}

// answering answers one request; nil is the usual answer.
type answering func(w http.ResponseWriter, r *http.Request)

const stage = "/live"

func newAPI(t testing.TB) *api {
	a := &api{t: t, open: map[string]chan []byte{}, answers: map[string][]answering{}, calls: map[string]int{}}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// connect opens a connection, with an id of API Gateway's form.
func (a *api) connect() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	id := base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%010d~", a.made*7919))
	a.open[id] = make(chan []byte, 4096)
	return id
}

func (a *api) vanish(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.open[id]; ok {
		close(c)
		delete(a.open, id)
	}
}

// on has the next requests for an id answered in these ways.
func (a *api) on(id string, answers ...answering) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[id] = answers
	return id
}

func (a *api) callsOf(id string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[id]
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if wrong := wrongSignature(r, body, "execute-api"); wrong != "" {
		a.t.Errorf("%s %s: %s", r.Method, r.RequestURI, wrong)
		fail(http.StatusForbidden, "ForbiddenException")(w, r)
		return
	}
	id, ok := strings.CutPrefix(r.URL.Path, stage+"/@connections/")
	if !ok {
		fail(http.StatusForbidden, "ForbiddenException")(w, r)
		return
	}
	if strings.Contains(r.RequestURI, "=") {
		a.t.Errorf("%s: = is sent as it is", r.RequestURI)
	}
	a.mu.Lock()
	a.calls[id]++
	a.under++
	a.peak = max(a.peak, a.under)
	var instead answering
	if next := a.answers[id]; len(next) > 0 {
		instead, a.answers[id] = next[0], next[1:]
	}
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.under--
		a.mu.Unlock()
	}()
	if instead != nil {
		instead(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, isOpen := a.open[id]
	decoded, err := base64.URLEncoding.DecodeString(id)
	switch {
	case err != nil || len(decoded) < 10:
		fail(http.StatusBadRequest, "BadRequestException")(w, r)
	case len(body) > 128<<10:
		fail(http.StatusRequestEntityTooLarge, "PayloadTooLargeException")(w, r)
	case !isOpen:
		fail(http.StatusGone, "GoneException")(w, r)
	case r.Method == http.MethodDelete:
		close(c)
		delete(a.open, id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost:
		c <- body
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// fail answers with a status, and a type if there is one. The body is empty for
// 410 and JSON for the rest.
func fail(status int, kind string) answering {
	return func(w http.ResponseWriter, r *http.Request) {
		if kind != "" {
			w.Header().Set("X-Amzn-ErrorType", kind)
		}
		w.WriteHeader(status)
		if status != http.StatusGone {
			fmt.Fprintf(w, `{"message":%q}`, kind)
		}
	}
}

// wrongSignature signs a request again as the SDK would, and says what differs.
func wrongSignature(r *http.Request, body []byte, service string) string {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > 5*time.Minute {
		return "X-Amz-Date " + r.Header.Get("X-Amz-Date")
	}
	again := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}, ContentLength: int64(len(body))}
	for _, name := range []string{"Content-Type", "X-Amz-Invocation-Type"} {
		if value := r.Header.Get(name); value != "" {
			again.Header.Set(name, value)
		}
	}
	want := sdkSignature(again, body, service, at, credentials)
	if got := r.Header.Get("Authorization"); got != want {
		return fmt.Sprintf("signed\n %s, want\n %s", got, want)
	}
	if got := r.Header.Get("X-Amz-Security-Token"); got != credentials.SessionToken {
		return "session token " + got
	}
	return ""
}

// sdkSignature is what the SDK's own signer makes of a request.
func sdkSignature(r *http.Request, body []byte, service string, at time.Time, c functions.Credentials) string {
	sum := sha256.Sum256(body)
	err := v4.NewSigner().SignHTTP(r.Context(), aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
	}, r, hex.EncodeToString(sum[:]), service, region, at)
	if err != nil {
		return err.Error()
	}
	return r.Header.Get("Authorization")
}

// poster posts to the api; change may adjust its options.
func (a *api) poster(t testing.TB, change func(*functions.PosterOptions)) *functions.Poster {
	t.Helper()
	o := functions.PosterOptions{Endpoint: a.URL + stage, Region: region, Credentials: credentials, Pause: 10 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	p, err := functions.NewPoster(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMain(m *testing.M) {
	if serveFake() {
		return
	}
	goleak.VerifyTestMain(m)
}
