package runtimeapi

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// event is what API Gateway gives a function, its members in the order of real captures (functions/testdata). A MESSAGE has only
// the last three: no headers and no query. The two queries are absent where there was none.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
type event struct {
	Headers                         map[string]string   `json:"headers,omitempty"` // the last value of each
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders,omitempty"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters,omitempty"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters,omitempty"`
	RequestContext                  requestContext      `json:"requestContext"`
	Body                            *string             `json:"body,omitempty"`
	IsBase64Encoded                 bool                `json:"isBase64Encoded"`
}

type requestContext struct {
	RouteKey             string   `json:"routeKey"`
	DisconnectStatusCode int      `json:"disconnectStatusCode,omitempty"`
	MessageID            string   `json:"messageId,omitempty"`
	EventType            string   `json:"eventType"`
	ExtendedRequestID    string   `json:"extendedRequestId"` // the same as requestId
	RequestTime          string   `json:"requestTime"`
	MessageDirection     string   `json:"messageDirection"`
	DisconnectReason     *string  `json:"disconnectReason,omitempty"` // may be empty, on DISCONNECT
	Stage                string   `json:"stage"`
	ConnectedAt          int64    `json:"connectedAt"`      // milliseconds since 1970; of the connection
	RequestTimeEpoch     int64    `json:"requestTimeEpoch"` // the same, of this event
	Identity             identity `json:"identity"`
	RequestID            string   `json:"requestId"`
	DomainName           string   `json:"domainName"`
	ConnectionID         string   `json:"connectionId"`
	APIID                string   `json:"apiId"`
}

type identity struct {
	UserAgent string `json:"userAgent,omitempty"` // absent if the client sends none
	SourceIP  string `json:"sourceIp"`
}

// newEvent has what all kinds share.
func (g *Gateway) newEvent(route, kind, connection string, p peer) *event {
	now, request := g.now(), g.newID()
	return &event{RequestContext: requestContext{
		RouteKey: route, EventType: kind, MessageDirection: "IN",
		RequestID: request, ExtendedRequestID: request,
		RequestTime: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), RequestTimeEpoch: now.UnixMilli(),
		ConnectedAt: p.connectedAt, ConnectionID: connection, Identity: p.identity,
		Stage: g.options.Stage, DomainName: g.options.DomainName, APIID: g.options.APIID,
	}}
}

func (g *Gateway) connectEvent(connection string, p peer, r *http.Request) *event {
	e := g.newEvent("$connect", "CONNECT", connection, p)
	e.setHeaders(g.headers(r, p))
	if query, _ := url.ParseQuery(r.URL.RawQuery); len(query) > 0 {
		e.QueryStringParameters, e.MultiValueQueryStringParameters = lastValues(query), query
	}
	return e
}

func (g *Gateway) messageEvent(connection string, p peer, body []byte) *event {
	e := g.newEvent("$default", "MESSAGE", connection, p)
	e.RequestContext.MessageID = g.newID()
	text := string(body)
	e.Body = &text
	return e
}

// disconnectEvent has four odd headers of which three are empty, as captured.
func (g *Gateway) disconnectEvent(connection string, p peer, code int, reason string) *event {
	e := g.newEvent("$disconnect", "DISCONNECT", connection, p)
	e.setHeaders(map[string][]string{"Host": {g.options.DomainName}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""}})
	e.RequestContext.DisconnectStatusCode, e.RequestContext.DisconnectReason = code, &reason
	return e
}

func (e *event) setHeaders(all map[string][]string) {
	e.Headers, e.MultiValueHeaders = lastValues(all), all
}

// headers are the client's, but for those of the upgrade itself, and those that API Gateway adds. net/http has already
// made their names uniform, so the few that RFC 6455 writes otherwise get their letters back.
func (g *Gateway) headers(r *http.Request, p peer) map[string][]string {
	all := map[string][]string{}
	for name, values := range r.Header {
		if name == "Connection" || name == "Upgrade" {
			continue
		}
		if rest, found := strings.CutPrefix(name, "Sec-Websocket-"); found {
			name = "Sec-WebSocket-" + rest
		}
		all[name] = slices.Clone(values)
	}
	all["Host"] = []string{g.options.DomainName} // which is what the client has asked for there
	forwarded := append(slices.Clone(r.Header.Values("X-Forwarded-For")), p.identity.SourceIP)
	all["X-Forwarded-For"] = []string{strings.Join(forwarded, ", ")}
	all["X-Forwarded-Port"], all["X-Forwarded-Proto"] = []string{"443"}, []string{"https"}
	all["X-Amzn-Trace-Id"] = []string{strings.TrimSuffix(traceID(g.now()), ";Sampled=0")[:len("Root=1-00000000-000000000000000000000000")]}
	return all
}

func lastValues(all map[string][]string) map[string]string {
	last := make(map[string]string, len(all))
	for name, values := range all {
		last[name] = values[len(values)-1]
	}
	return last
}

func (e *event) encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("event for %s: %w", e.RequestContext.RouteKey, err)
	}
	return b, nil
}

// newID is of the form that API Gateway's ids have: 11 bytes in URL-safe base64, 16 characters with one '='.
func newID() string {
	var b [11]byte
	rand.Read(b[:])
	return base64.URLEncoding.EncodeToString(b[:])
}

// peer is what is known of a connection from its handshake on.
type peer struct {
	connectedAt int64 // milliseconds since 1970
	identity    identity
}

func (g *Gateway) newPeer(address, userAgent string) peer {
	return peer{g.now().Truncate(time.Millisecond).UnixMilli(), identity{UserAgent: userAgent, SourceIP: address}}
}
