package runtimeapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
)

// maxQueuedPayload is the most that an event of an asynchronous invocation has: 256 KB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxQueuedPayload = 256 << 10

// Lambda is the part of Lambda's API by which a function has another one, or itself, invoked: for a listener on a
// loopback port, which functions find as AWS_ENDPOINT_URL_LAMBDA. Signatures are not looked at. An event that is queued
// is tried once, where Lambda tries a failed one twice more.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
type Lambda struct {
	log    *slog.Logger
	queued sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	functions map[string]*Function
}

// NewLambda returns a Lambda without functions. logger: nil discards.
func NewLambda(logger *slog.Logger) *Lambda {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Lambda{log: logger, functions: map[string]*Function{}}
}

// Add has a function found by its name. It may be added after it has been started, since its environment has to name
// this API's address.
func (l *Lambda) Add(f *Function) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.functions[f.Name()] = f
}

// Close refuses further events and waits for those queued. The functions are to be closed before, to end these.
func (l *Lambda) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.queued.Wait()
	return nil
}

// ServeHTTP answers POST /2015-03-31/functions/{name}/invocations.
func (l *Lambda) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	name, is := strings.CutSuffix(name, "/invocations")
	if len(r.Header.Values("Origin")) > 0 { // a page in a browser, which can reach loopback ports too
		lambdaError(w, http.StatusForbidden, "AccessDeniedException", "Forbidden")
		return
	}
	if !ok || !is || r.Method != http.MethodPost {
		lambdaError(w, http.StatusNotFound, "UnknownOperationException", "only Invoke is here")
		return
	}
	l.mu.Lock()
	f := l.functions[name]
	l.mu.Unlock()
	if f == nil {
		lambdaError(w, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+name)
		return
	}
	async, limit := r.Header.Get("X-Amz-Invocation-Type") == "Event", int64(maxPayload)
	if async {
		limit = maxQueuedPayload
	}
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		lambdaError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", "the event is too large")
	case err != nil: // the caller has gone
	case async:
		l.queue(w, f, event)
	default:
		l.answer(w, r.Context(), f, event)
	}
}

// queue takes an event on.
func (l *Lambda) queue(w http.ResponseWriter, f *Function, event []byte) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		lambdaError(w, http.StatusInternalServerError, "ServiceException", "going down")
		return
	}
	l.queued.Add(1)
	l.mu.Unlock()
	go func() {
		defer l.queued.Done()
		if _, err := f.Invoke(context.Background(), event); err != nil && kindOf(err) != KindNotRunning {
			l.log.Error("an event that a function has sent is lost", "error", err)
		}
	}()
	w.WriteHeader(http.StatusAccepted)
}

// answer waits for the function. Its failure is a 200 with a header, as there.
func (l *Lambda) answer(w http.ResponseWriter, ctx context.Context, f *Function, event []byte) {
	b, err := f.Invoke(ctx, event)
	var failed *Error
	switch {
	case err == nil:
	case !errors.As(err, &failed):
		return // the caller has gone
	case failed.Kind == KindThrottled:
		lambdaError(w, http.StatusTooManyRequests, failed.Kind, failed.Message)
		return
	default:
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		if b = failed.Payload; b == nil {
			b, _ = json.Marshal(map[string]string{"errorType": failed.Kind, "errorMessage": failed.Message})
		}
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("Content-Type", "application/json")
	w.Write(b)
}

func lambdaError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("X-Amzn-ErrorType", kind)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"Message": message, "Type": "User"})
}
