package functions

import (
	"context"
	"errors"
	"net/http"

	"parley/chat"
)

// onConnect is the $connect route. API Gateway holds the handshake until it is
// answered; the status is then the client's, and nothing can be posted before.
// An error is returned as one: the client sees 502, and Lambda counts it.
// https://github.com/serverless/serverless-websockets-plugin/issues/13
func (f *Functions) onConnect(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := decode(payload, "CONNECT")
	if err != nil {
		return nil, err
	}
	id, logger := e.Context.ConnectionID, f.logger(e)
	ours := f.fromDistribution(e)
	if len(f.secrets) > 0 && !ours {
		logger.Info("handshake refused", "why", "not through the distribution")
		return answer{StatusCode: http.StatusForbidden}.encode()
	}
	origin, allowed := f.origin(e)
	if !allowed {
		logger.Info("handshake refused", "why", "a page of another site", "origin", origin)
		return answer{StatusCode: http.StatusForbidden}.encode()
	}
	agent := e.Context.Identity.UserAgent // behind CloudFront "Amazon CloudFront"
	if all := e.header("User-Agent"); len(all) > 0 {
		agent = all[0]
	}
	subprotocol, err := f.chat.OnConnect(ctx, id, chat.Handshake{
		Subprotocols: e.list("Sec-WebSocket-Protocol"),
		Origin:       origin,
		Address:      address(e, ours),
		UserAgent:    agent,
	})
	var refused interface{ HTTPStatus() int }
	switch {
	case err == nil:
	case errors.As(err, &refused) && refused.HTTPStatus() >= 400 && refused.HTTPStatus() <= 599:
		logger.Info("handshake refused", "status", refused.HTTPStatus(), "error", err)
		return answer{StatusCode: refused.HTTPStatus()}.encode()
	default:
		return nil, err
	}
	a := answer{StatusCode: http.StatusOK}
	if subprotocol != "" {
		// Without it a browser that offered one ends the connection.
		a.Headers = map[string]string{"Sec-WebSocket-Protocol": subprotocol}
	}
	logger.Debug("connected", "subprotocol", subprotocol)
	return a.encode()
}
