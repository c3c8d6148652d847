package functions

import (
	"context"
	"net/http"
)

// onDisconnect is the $disconnect route. It comes after the close, at most once
// and not always; what it returns is ignored, so a failure is only logged. What
// it leaves behind goes when a post finds it gone, or by its time to live.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
func (f *Functions) onDisconnect(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := decode(payload, "DISCONNECT")
	if err != nil {
		return nil, err
	}
	ctx, cancel := withMargin(ctx)
	defer cancel()
	logger := f.logger(e)
	if err := f.chat.OnDisconnect(ctx, e.Context.ConnectionID); err != nil {
		logger.Error("could not forget a connection", "error", err)
	} else {
		logger.Debug("disconnected", "code", e.Context.DisconnectStatusCode)
	}
	return answer{StatusCode: http.StatusOK}.encode()
}
