package gateway

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// FuzzHandshake: whatever a request says, it opens a socket only as RFC 6455 section 4.2.1 has it and only for a page of
// its own site; what it is told is one answer, and no header of it passes its bounds.
func FuzzHandshake(f *testing.F) {
	s := &Server{}
	f.Fuzz(func(t *testing.T, sent []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent)))
		if err != nil {
			return
		}
		r.RemoteAddr = "192.0.2.1:4000"
		status, why := s.checkHandshake(http.Header{}, r)
		if h := s.handshake(r); h.Address != "192.0.2.1" || len(h.Origin) > keptBytes || len(h.UserAgent) > keptBytes || len(h.Subprotocols) > maxSubprotocols+1 {
			t.Fatalf("handshake %+v", h)
		}
		if status != 0 {
			if why == "" || len(why) > 3*quotedBytes+500 || http.StatusText(status) == "" || status < 400 {
				t.Fatalf("refused with %d %q", status, why)
			}
			return
		}
		if key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key")); err != nil || len(key) != 16 {
			t.Fatalf("key %q", r.Header.Get("Sec-WebSocket-Key"))
		}
		if origins := r.Header.Values("Origin"); len(origins) > 0 && !strings.EqualFold(strings.TrimSuffix(origins[0], ":80"), strings.TrimSuffix("http://"+r.Host, ":80")) {
			t.Fatalf("Origin %q opens a socket of %q", origins, r.Host)
		}
		for _, p := range append(offered(r.Header), "") {
			answer := switchingProtocols(r.Header.Get("Sec-WebSocket-Key"), p)
			read := bufio.NewReader(bytes.NewReader(answer))
			response, err := http.ReadResponse(read, r)
			if err != nil || response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Protocol") != p || read.Buffered() > 0 {
				t.Fatalf("answer %q to the sub-protocol %q: %v", answer, p, err)
			}
		}
	})
}
