package functions

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// event is what API Gateway gives a function, as far as it is used here. Query,
// headers and body are absent where an event has none: on MESSAGE there are no
// headers, on CONNECT there is no body.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
type event struct {
	Headers           map[string]string   `json:"headers"`           // the last value of each
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"` // the same with all values
	Context           eventContext        `json:"requestContext"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`

	// What is not from API Gateway, which sets no such fields: from an invocation
	// of ours, and from the clock.
	Share *share `json:"parleyShare"`
	Sweep *sweep `json:"parleySweep"`
}

type eventContext struct {
	ConnectionID string `json:"connectionId"` // 11 bytes in base64url, with one = at the end
	RequestID    string `json:"requestId"`
	EventType    string `json:"eventType"` // CONNECT, MESSAGE, DISCONNECT
	Identity     struct {
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"` // absent if the client sends none
	} `json:"identity"`
	DisconnectStatusCode int `json:"disconnectStatusCode"` // DISCONNECT only
}

// decode reads an event of one of the types.
func decode(payload []byte, eventType string) (*event, error) {
	e := &event{}
	if err := json.Unmarshal(payload, e); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if e.Sweep != nil && eventType == "MESSAGE" && e.Context == (eventContext{}) {
		if e.Sweep.Slice < 0 || e.Sweep.Slice >= maxSlices || e.Share != nil || e.Headers != nil || e.Body != "" {
			return nil, fmt.Errorf("a sweep of the slice %d, or with what belongs to another event", e.Sweep.Slice)
		}
		return e, nil
	}
	e.Sweep = nil
	if e.Share != nil && e.Context.ConnectionID == "" {
		return e, nil
	}
	e.Share = nil
	if e.Context.ConnectionID == "" || e.Context.EventType != eventType {
		return nil, fmt.Errorf("event of type %q for connection %q, want type %s: is this function behind another route?",
			e.Context.EventType, e.Context.ConnectionID, eventType)
	}
	return e, nil
}

// header returns all values of a header. Names are compared without regard to
// case: API Gateway passes them on as the client wrote them.
func (e *event) header(name string) (values []string) {
	for key, all := range e.MultiValueHeaders {
		if strings.EqualFold(key, name) {
			values = append(values, all...)
		}
	}
	if values != nil {
		return values
	}
	for key, value := range e.Headers {
		if strings.EqualFold(key, name) {
			values = append(values, value)
		}
	}
	return values
}

// list splits a header that is a list, such as X-Forwarded-For.
func (e *event) list(name string) (items []string) {
	for _, value := range e.header(name) {
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
	}
	return items
}

// frame is the body as the client sent it: one message, put together by API
// Gateway if it came in parts. A binary one never comes; API Gateway closes the
// connection with 1003 instead.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
func (e *event) frame() ([]byte, error) {
	if !e.IsBase64Encoded {
		return []byte(e.Body), nil
	}
	frame, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, fmt.Errorf("body in base64: %w", err)
	}
	return frame, nil
}

// answer is what API Gateway takes from a function. It reads the status, and
// during the handshake the sub-protocol; a body would reach nobody.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
type answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers,omitempty"`
}

func (a answer) encode() ([]byte, error) { return json.Marshal(a) }
