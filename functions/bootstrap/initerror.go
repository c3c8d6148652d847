package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// reportInitError tells Lambda why this function cannot start, so that the cause
// stands in its log and console instead of "exit status 1".
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror
func reportInitError(runtimeAPI string, cause error, stderr io.Writer) {
	fmt.Fprintf(stderr, "parley: this function cannot start: %v\n", cause)
	if runtimeAPI == "" {
		fmt.Fprintln(stderr, "hint: this program runs inside AWS Lambda; to run the chat here: parley serve")
		return
	}
	const kind = "Function.Configuration"
	body, err := json.Marshal(map[string]any{"errorType": kind, "errorMessage": cause.Error(), "stackTrace": []string{}})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+runtimeAPI+"/2018-06-01/runtime/init/error", bytes.NewReader(body)) // #nosec G704 -- Lambda's own address
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Lambda-Runtime-Function-Error-Type", kind)
	if answer, err := (&http.Transport{}).RoundTrip(r); err == nil { // never through a proxy
		answer.Body.Close()
	}
}
