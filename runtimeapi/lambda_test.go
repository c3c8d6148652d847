package runtimeapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/runtimeapi"
)

func TestLambda(t *testing.T) {
	f, log := function(t, "", runtimeapi.FunctionOptions{})
	l := runtimeapi.NewLambda(nil)
	l.Add(f)
	server := httptest.NewServer(l)
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	for _, test := range []struct {
		name, method, path, event, header string
		status                            int
		answer, kind, failed              string
	}{
		{"queued", "POST", "OnTest", "print", "X-Amz-Invocation-Type: Event", 202, "", "", ""},
		{"waited for", "POST", "OnTest", "hello", "", 200, "hello", "", ""},
		{"failed by itself", "POST", "OnTest", "error", "", 200, "no\\nroom", "", "Unhandled"},
		{"crashed", "POST", "OnTest", "crash", "", 200, "Runtime.ExitError", "", "Unhandled"},
		{"unknown", "POST", "OnNothing", "hello", "", 404, "", "ResourceNotFoundException", ""},
		{"get", "GET", "OnTest", "", "", 404, "", "UnknownOperationException", ""},
		{"too large to be queued", "POST", "OnTest", strings.Repeat("x", 256<<10+1), "X-Amz-Invocation-Type: Event", 413, "", "RequestTooLargeException", ""},
		{"from a page", "POST", "OnTest", "hello", "Origin: http://evil.example", 403, "", "AccessDeniedException", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := http.NewRequest(test.method, server.URL+"/2015-03-31/functions/"+test.path+"/invocations", strings.NewReader(test.event))
			if name, value, _ := strings.Cut(test.header, ": "); name != "" {
				r.Header.Set(name, value)
			}
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != test.status || resp.Header.Get("X-Amzn-ErrorType") != test.kind || resp.Header.Get("X-Amz-Function-Error") != test.failed || !strings.Contains(string(b), test.answer) {
				t.Errorf("status %d, header %v, answer %.200s; want %+v", resp.StatusCode, resp.Header, b, test)
			}
		})
	}
	log.has(t, "plain line")
	f.Close()
	l.Close()
}
