package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"parley/runtimeapi"
)

// program is a function. BEHAVE says how it starts, and the event what it does then.
func program() {
	switch os.Getenv("BEHAVE") {
	case "library":
		lambda.Start(func(_ context.Context, event json.RawMessage) (any, error) { return library(event) })
	case "websocket":
		lambda.Start(websocketFunction)
	case "refuses to start":
		post("init/error", `{"errorType":"Function.Configuration","errorMessage":"TABLE_NAME is not set"}`)
		os.Exit(1)
	case "crashes at start":
		fmt.Fprintln(os.Stderr, "panic: no table")
		os.Exit(2)
	case "never polls":
		time.Sleep(time.Hour)
	case "starts slowly":
		time.Sleep(300 * time.Millisecond)
	}
	for {
		id, event, header := next()
		act(id, event, header)
	}
}

// act does what the event says.
func act(id, event string, header http.Header) {
	answer := func(body string) int { return post("invocation/"+id+"/response", body) }
	word, rest, _ := strings.Cut(strings.Trim(event, `"`), " ")
	switch word {
	case "pid":
		answer(fmt.Sprint(os.Getpid()))
	case "environ":
		env := os.Environ()
		slices.Sort(env)
		answer(strings.Join(env, "\n"))
	case "headers":
		b, _ := json.Marshal(header)
		answer(string(b))
	case "sleep":
		d, _ := time.ParseDuration(rest)
		time.Sleep(d)
		answer(fmt.Sprint(os.Getpid()))
	case "hang":
		time.Sleep(time.Hour)
	case "crash":
		os.Exit(3)
	case "answer-crash":
		answer("ok")
		os.Exit(4)
	case "error":
		post("invocation/"+id+"/error", `{"errorType":"errorString","errorMessage":"no\nroom"}`, "Lambda-Runtime-Function-Error-Type: Unhandled")
	case "twice":
		answer("one")
		fmt.Println("second answer: status", answer("two"))
	case "foreign":
		fmt.Println("foreign answer: status", post("invocation/00000000-0000-4000-8000-000000000000/response", "x"))
		answer("own")
	case "silent": // polls again without an answer
	case "large":
		fmt.Println("large answer: status", answer(strings.Repeat("x", 6<<20+1)))
	case "flood":
		line := strings.Repeat("f", 100) + "\n"
		for range 5000 {
			os.Stdout.WriteString(line)
		}
		os.Stderr.WriteString(strings.Repeat("g", 100<<10) + "\n")
		answer("flooded")
	case "print":
		fmt.Println(`{"level":"WARN","msg":"from json"}`)
		fmt.Fprintln(os.Stderr, "plain line")
		os.Stdout.WriteString("without an end")
		answer("printed")
	case "child": // leaves a process behind, which holds on to the output
		child := exec.Command("sleep", "3600")
		child.Stdout = os.Stdout
		child.Start()
		answer(fmt.Sprint(child.Process.Pid))
	case "guarded":
		var status []int
		for _, change := range []func(*http.Request){
			func(r *http.Request) { r.Host = "evil.example" },
			func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		} {
			r, _ := http.NewRequest("GET", "http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/invocation/next", nil)
			change(r)
			resp, _ := http.DefaultClient.Do(r)
			resp.Body.Close()
			status = append(status, resp.StatusCode)
		}
		answer(fmt.Sprint(status))
	default:
		answer(event)
	}
}

// library does the same behind AWS's own library.
func library(event json.RawMessage) (any, error) {
	switch string(event) {
	case `"error"`:
		return nil, errors.New("no room")
	case `"panic"`:
		panic("at the disco")
	}
	return event, nil
}

// websocketFunction is a small chat function, by AWS's own types: it echoes through @connections.
func websocketFunction(ctx context.Context, e events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	ok := events.APIGatewayProxyResponse{StatusCode: 200}
	switch e.RequestContext.RouteKey {
	case "$connect":
		switch e.QueryStringParameters["as"] {
		case "refused":
			ok.StatusCode = 401
		case "moved":
			ok.StatusCode = 301
		case "broken":
			return ok, errors.New("broken")
		case "malformed":
			ok.StatusCode = 0
		case "slow":
			time.Sleep(time.Hour)
		case "early": // nothing can be posted before this has returned
			ok.StatusCode = 400 + connections(e.RequestContext.ConnectionID, "POST", "early") - http.StatusGone
		}
		if offer := e.Headers["Sec-WebSocket-Protocol"]; offer != "" {
			ok.Headers = map[string]string{"sec-websocket-protocol": strings.TrimSpace(strings.Split(offer, ",")[0])}
		}
	case "$disconnect":
		fmt.Printf("gone %s %d %q\n", e.RequestContext.ConnectionID, e.RequestContext.DisconnectStatusCode, *e.RequestContext.DisconnectReason)
	case "$default":
		word, rest, _ := strings.Cut(e.Body, " ")
		switch word {
		case "throw":
			return ok, errors.New("thrown")
		case "status":
			ok.StatusCode = 500
			return ok, nil
		case "nothing":
			ok.StatusCode = 0
			return ok, nil
		case "hang":
			time.Sleep(time.Hour)
		case "sleep":
			d, _ := time.ParseDuration(rest)
			time.Sleep(d)
		case "close":
			connections(e.RequestContext.ConnectionID, "DELETE", "")
			return ok, nil
		}
		if status := connections(e.RequestContext.ConnectionID, "POST", "echo: "+e.Body); status != 200 {
			return ok, fmt.Errorf("post: status %d", status)
		}
	}
	return ok, nil
}

// connections calls the @connections API.
func connections(id, method, body string) (status int) {
	r, _ := http.NewRequest(method, os.Getenv("MANAGEMENT_ENDPOINT")+"/@connections/"+url.QueryEscape(id), strings.NewReader(body))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// parent runs a function, tells its process's number, and waits to be killed.
func parent() {
	f, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{Name: "OnTest", Program: os.Args[0], Env: map[string]string{"BEHAVE": os.Getenv("TEST_PARENT")}, Logger: slog.Default()})
	if err != nil {
		panic(err)
	}
	pid, err := f.Invoke(context.Background(), []byte("pid"))
	go f.Invoke(context.Background(), []byte("hang"))
	time.Sleep(200 * time.Millisecond) // until it hangs: a function that polls would see its API go
	fmt.Println(string(pid), err)
	select {}
}
