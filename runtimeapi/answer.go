package runtimeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// answer is what API Gateway understands of a function's: {"statusCode": 200, "headers": {…}}. A body reaches nobody,
// since the route has no route response.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
type answer struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
}

// readAnswer refuses what has no status.
func readAnswer(b []byte) (*answer, error) {
	a := &answer{}
	if err := json.Unmarshal(b, a); err != nil || a.StatusCode < 100 || a.StatusCode > 599 {
		return nil, fmt.Errorf("%.80q is no answer that API Gateway understands; answer {\"statusCode\": 200}", b)
	}
	return a, nil
}

// subprotocol is what the function has chosen, in whatever case it wrote the header's name; empty: none.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
func (a *answer) subprotocol() string {
	const name = "Sec-WebSocket-Protocol"
	for key, value := range a.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	for key, values := range a.MultiValueHeaders {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return ""
}

// refusedError is a function's own decision about a handshake.
type refusedError int

func (e refusedError) Error() string {
	return fmt.Sprintf("the function answered $connect with status %d", int(e))
}

// HTTPStatus is what the client sees: the same.
func (e refusedError) HTTPStatus() int { return int(e) }

// frameError is a failed $default that its client is told of.
type frameError struct {
	error
	frame []byte
}

// Frame is what the client is sent.
func (e *frameError) Frame() []byte { return e.frame }
func (e *frameError) Unwrap() error { return e.error }

// The words are API Gateway's, to the space.
// https://repost.aws/questions/QUFXpcneknSgmhseduEh18dw/api-gateway-websocket-api-30s-timeout
const (
	internalServerError = "Internal server error"
	endpointTimedOut    = "Endpoint request timed out"
)

func newFrameError(err error, message string, c requestContext) *frameError {
	return &frameError{err, fmt.Appendf(nil, `{"message": %q, "connectionId":%q, "requestId":%q}`, message, c.ConnectionID, c.RequestID)}
}

// accepts tells whether $connect lets the connection come to be. 200 and 201 were seen; the others are inferred.
func (a *answer) accepts() bool {
	return a.StatusCode >= http.StatusOK && a.StatusCode < http.StatusMultipleChoices
}
