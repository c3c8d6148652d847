package functions_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/functions"
)

// roundTrip answers requests without a network.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSignature holds the signer to the SDK's, byte for byte.
func TestSignature(t *testing.T) {
	withoutToken := credentials
	withoutToken.SessionToken = ""
	for name, c := range map[string]functions.Credentials{"with a session token": credentials, "without": withoutToken} {
		t.Run(name, func(t *testing.T) {
			for _, endpoint := range []string{
				"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/live", "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com:443/live/",
				"https://chat.example.com", "http://127.0.0.1:3001", "http://127.0.0.1:3001/$default",
			} {
				var now time.Time
				var seen atomic.Int64
				p, err := functions.NewPoster(functions.PosterOptions{
					Endpoint: endpoint, Region: region, Credentials: c, Now: func() time.Time { return now },
					Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
						seen.Add(1)
						var body []byte
						if r.Body != nil {
							body, _ = io.ReadAll(r.Body)
						}
						wantSDKs(t, r, body, now, c)
						return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
					}),
				})
				if err != nil {
					t.Fatal(err)
				}
				// Just before and after midnight, in UTC: the key is another then.
				for _, now = range []time.Time{time.Date(2026, 11, 22, 23, 59, 59, 999, time.UTC), time.Date(2026, 11, 23, 1, 0, 0, 0, time.FixedZone("", 3600))} {
					ids := []string{"L0SM9cOFvHcCIhw=", "-_SM9cOFvHcCIhw=", "a/b c%é?=&+"}
					if _, err := p.Post(t.Context(), [][]byte{[]byte("x"), []byte(`{"text":"<é>"}`)}, ids); err != nil {
						t.Fatal(err)
					}
					if err := p.Close(t.Context(), 1000, "", ids...); err != nil {
						t.Fatal(err)
					}
				}
				if seen.Load() != 18 {
					t.Errorf("%d requests, want 18", seen.Load())
				}
			}
		})
	}
}

// wantSDKs wants the headers that the SDK's signer gives the same request.
func wantSDKs(t *testing.T, r *http.Request, body []byte, at time.Time, c functions.Credentials) {
	t.Helper()
	again := r.Clone(r.Context())
	for _, header := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		again.Header.Del(header)
	}
	sdkSignature(again, body, "execute-api", at, c)
	for _, header := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if got, want := r.Header.Get(header), again.Header.Get(header); got != want {
			t.Errorf("%s %s: %s:\n got %s\nwant %s", r.Method, r.URL, header, got, want)
		}
	}
	if uri := r.URL.RequestURI(); strings.Contains(uri, "=") || !strings.Contains(uri, "/@connections/") {
		t.Errorf("sent to %s", uri)
	}
}

func TestInvoke(t *testing.T) {
	status := http.StatusAccepted
	var got []string
	l, err := functions.NewLambda(functions.LambdaOptions{
		Function: "chat-OnAction-1A2B", Region: region, Credentials: credentials,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			if wrong := wrongSignature(r, body, "lambda"); wrong != "" {
				t.Error(wrong)
			}
			got = append(got, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("X-Amz-Invocation-Type"), " ", string(body)))
			return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{"X-Amzn-Errortype": {"TooManyRequestsException"}}}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Invoke(t.Context(), []byte(`{"a":1}`)); err != nil {
		t.Error(err)
	}
	if want := `POST https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/chat-OnAction-1A2B/invocations Event {"a":1}`; len(got) != 1 || got[0] != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	status = http.StatusTooManyRequests
	if err := l.Invoke(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "429 TooManyRequestsException") {
		t.Errorf("refused: %v", err)
	}
}

func TestNotAnEndpoint(t *testing.T) {
	for _, endpoint := range []string{"", "wss://a.example/live", "a.example", "https://", "https://a.example/live?x", "https://u:p@a.example", "\x00"} {
		if _, err := functions.NewPoster(functions.PosterOptions{Endpoint: endpoint, Region: region, Credentials: credentials}); err == nil {
			t.Errorf("%q is taken", endpoint)
		}
	}
	if _, err := functions.NewPoster(functions.PosterOptions{Endpoint: "https://a.example", Credentials: credentials}); err == nil {
		t.Error("no region is taken")
	}
	if _, err := functions.CredentialsFrom(func(string) string { return "" }); err == nil {
		t.Error("no credentials are taken")
	}
}
