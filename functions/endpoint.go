package functions

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// endpoint is a place of AWS that signed calls go to.
type endpoint struct {
	scheme string
	host   string // without the scheme's own port
	prefix string // path before what is called, escaped, without a slash at its end
	signer *signer
}

// parseEndpoint takes https://host/prefix apart. http is for emulators.
func parseEndpoint(address, service, region string, c Credentials) (*endpoint, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not the address of an endpoint, such as https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/live", address)
	}
	if region == "" {
		return nil, fmt.Errorf("endpoint %s: no region to sign for", address)
	}
	host := strings.TrimSuffix(u.Host, map[string]string{"https": ":443", "http": ":80"}[u.Scheme])
	return &endpoint{
		scheme: u.Scheme, host: host, prefix: strings.TrimSuffix(u.EscapedPath(), "/"),
		signer: &signer{service: service, region: region, host: host, Credentials: c},
	}, nil
}

// request is a signed request to path, which is given plain and escaped. It is
// put together by hand: http.NewRequest would parse an address again for each
// recipient. Nothing can send it a second time, since it has no GetBody.
func (e *endpoint) request(c call, path string, now time.Time) *http.Request {
	c.path = e.prefix + c.path
	return &http.Request{
		Method: c.method,
		URL:    &url.URL{Scheme: e.scheme, Host: e.host, Path: e.prefix + path, RawPath: c.path},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        e.signer.sign(c, now),
		Host:          e.host,
		ContentLength: int64(c.length),
	}
}

// newTransport is as wide as the widest fan-out, since the default of 2 idle
// connections would shake hands again for each post.
func newTransport(width int) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // on a connection shared by HTTP/2 one lost packet would hold up all posts
	return &http.Transport{
		MaxIdleConns:        width,
		MaxIdleConnsPerHost: width,
		IdleConnTimeout:     idleAfter,
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true, // answers are empty
		Protocols:           &protocols,
	}
}
