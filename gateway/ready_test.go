package gateway_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"parley/gateway"
)

// What is behind the gateway may not be able to work although the gateway is.
func TestReady(t *testing.T) {
	var objection error
	management := gateway.New(gateway.Options{Ready: func(context.Context) error { return objection }}).Management()
	for _, c := range []struct {
		objection error
		path      string
		want      int
	}{
		{nil, "/readyz", 200}, {errors.New("the disk is full"), "/readyz", 503}, {errors.New("the disk is full"), "/healthz", 200}, {nil, "/readyz", 200},
	} {
		objection = c.objection
		w := httptest.NewRecorder()
		management.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1"+c.path, nil))
		if w.Code != c.want {
			t.Errorf("%s with %v: got %d, want %d", c.path, c.objection, w.Code, c.want)
		}
	}
}
