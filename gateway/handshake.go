package gateway

import (
	"crypto/sha1" // #nosec G505 -- RFC 6455 section 4.2.2 wants it, and keeps no secret with it
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// checkHandshake returns a status and a sentence for a request that is not RFC 6455's. It adds to the answer's header.
func (s *Server) checkHandshake(header http.Header, r *http.Request) (status int, why string) {
	switch key, version := r.Header.Values("Sec-WebSocket-Key"), r.Header.Values("Sec-WebSocket-Version"); {
	case r.Method != http.MethodGet:
		header.Set("Allow", http.MethodGet)
		return http.StatusMethodNotAllowed, "A WebSocket begins with GET."
	case r.ProtoMajor != 1 || r.ProtoMinor != 1:
		return http.StatusBadRequest, "A WebSocket begins with HTTP/1.1."
	case !hasToken(r.Header, "Upgrade", "websocket") || !hasToken(r.Header, "Connection", "upgrade"):
		header.Set("Upgrade", "websocket")
		header.Add("Connection", "Upgrade")
		return http.StatusUpgradeRequired, "This is a WebSocket; open it with a WebSocket client."
	case len(version) != 1 || version[0] != "13":
		header.Set("Sec-WebSocket-Version", "13")
		return http.StatusUpgradeRequired, "This server speaks version 13 of the WebSocket protocol."
	case len(key) != 1 || !validKey(key[0]):
		return http.StatusBadRequest, "Sec-WebSocket-Key must be there once, and be 16 bytes in base64."
	case r.ContentLength != 0:
		return http.StatusBadRequest, "A handshake has no body."
	case !validOffer(r.Header):
		return http.StatusBadRequest, fmt.Sprintf("Sec-WebSocket-Protocol must be a list of different tokens, at most %d.", maxSubprotocols)
	}
	if why := s.wrongOrigin(r); why != "" {
		return http.StatusForbidden, why
	}
	return 0, ""
}

func validKey(key string) bool {
	b, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(b) == 16 && len(key) == base64.StdEncoding.EncodedLen(16)
}

// hasToken looks for a token in a comma-separated header, without regard to case.
func hasToken(h http.Header, name, token string) bool {
	for _, value := range h.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// maxSubprotocols is the most that one handshake may offer: comparing 64 KB of them with each other takes 0.1 s.
const maxSubprotocols = 16

// offered lists the sub-protocols of a request, in order, and at most one more than there may be.
func offered(h http.Header) []string {
	var list []string
	for _, value := range h.Values("Sec-WebSocket-Protocol") {
		for part := range strings.SplitSeq(value, ",") {
			if list = append(list, strings.Clone(strings.TrimSpace(part))); len(list) > maxSubprotocols {
				return list
			}
		}
	}
	return list
}

// validOffer holds the offer to RFC 6455 section 4.1 item 10: tokens of RFC 9110 section 5.6.2, none twice.
func validOffer(h http.Header) bool {
	list := offered(h)
	if len(list) > maxSubprotocols {
		return false
	}
	for i, p := range list {
		notToken := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }
		if p == "" || strings.ContainsFunc(p, notToken) || slices.Contains(list[:i], p) {
			return false
		}
	}
	return true
}

// switchingProtocols is the answer that makes the connection a WebSocket. RFC 6455 section 4.2.2.
func switchingProtocols(key, subprotocol string) []byte {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // #nosec G401
	b := fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	if subprotocol != "" {
		b = fmt.Appendf(b, "Sec-WebSocket-Protocol: %s\r\n", subprotocol)
	}
	return append(b, "\r\n"...)
}
