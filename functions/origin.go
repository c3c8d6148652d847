package functions

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"strings"
)

// OriginHeader is what the distribution adds to each request it passes on. It
// overwrites what a client writes there. API Gateway can be reached past the
// distribution, and then knows nothing of this value.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
const OriginHeader = "X-Parley-Origin"

// fromDistribution tells whether the event carries one of the secrets. Hashes
// are compared, all of them, so that the time taken tells nothing, not even a
// secret's length.
func (f *Functions) fromDistribution(e *event) bool {
	values := e.header(OriginHeader)
	if len(values) != 1 {
		return false
	}
	given, equal := sha256.Sum256([]byte(values[0])), 0
	for _, secret := range f.secrets {
		equal |= subtle.ConstantTimeCompare(given[:], secret[:])
	}
	return equal == 1
}

// origin returns the page's origin and whether its site may connect. Browsers
// send one with every WebSocket and let any page open one anywhere, so this is
// what keeps other sites out (RFC 6455 section 10.2). Tools send none.
func (f *Functions) origin(e *event) (origin string, allowed bool) {
	all := e.header("Origin")
	switch len(all) {
	case 0:
		return "", true
	case 1:
		return all[0], f.origins["*"] || f.origins[canonicalOrigin(all[0])]
	}
	return strings.Join(all, ", "), false
}

// canonicalOrigin makes the same origin the same string: lower case, without the
// scheme's own port. Whatever else it holds stays, and so equals no origin.
func canonicalOrigin(origin string) string {
	origin = strings.ToLower(strings.TrimSpace(origin))
	switch {
	case strings.HasPrefix(origin, "https://"):
		return strings.TrimSuffix(origin, ":443")
	case strings.HasPrefix(origin, "http://"):
		return strings.TrimSuffix(origin, ":80")
	}
	return origin
}

// address is the client's IP address. Behind the distribution the socket comes
// from CloudFront, which appends the client's address to X-Forwarded-For before
// API Gateway appends CloudFront's: it is the entry before the last. What stands
// before that the client may have written itself, and so it may all of it where
// the request did not come through the distribution.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomIPAddresses
func address(e *event, fromDistribution bool) string {
	if hops := e.list("X-Forwarded-For"); fromDistribution && len(hops) >= 2 {
		if client, err := netip.ParseAddr(hops[len(hops)-2]); err == nil {
			return client.Unmap().String()
		}
	}
	return e.Context.Identity.SourceIP
}
