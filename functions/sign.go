package functions

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Credentials sign what is sent to AWS. Lambda puts those of the function's role
// into the environment when it starts a process, and they outlive the process.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty: none
}

// CredentialsFrom reads the credentials from the environment.
func CredentialsFrom(getenv func(string) string) (Credentials, error) {
	c := Credentials{getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set")
	}
	return c, nil
}

// signer makes Signature Version 4 for one service at one host. The SDK's does
// the same for any request; with its client a post costs four times as much CPU,
// which a fan-out pays for each recipient (BenchmarkPost). A test holds the two to the same bytes.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type signer struct {
	service, region string
	host            string // as in the Host header: without the scheme's own port
	Credentials

	mu  sync.Mutex
	day string // that key is for, as 20060102
	key []byte // good for one day, region and service
}

// call is what of a request is signed beside the host, the time and the token.
type call struct {
	method string
	path   string // as it stands on the wire, escaped
	hash   string // SHA-256 of the body, in hex
	length int    // of the body, in bytes
	async  bool   // Lambda: the invocation is only queued
}

// contentType is what the SDK sends a post as; API Gateway makes a text frame of it.
const contentType = "application/octet-stream"

// sign returns the call's headers, all of which are signed with it. They belong
// to the caller.
func (s *signer) sign(c call, now time.Time) http.Header {
	stamp := now.UTC().Format("20060102T150405Z")
	day := stamp[:8]
	h := http.Header{"X-Amz-Date": {stamp}}

	// The canonical request: headers by name, in order.
	b := make([]byte, 0, 640+len(c.path)+len(s.SessionToken))
	b = append(b, c.method...)
	b = append(b, '\n')
	b = append(b, escapeSegments(c.path)...) // a second time: only S3 signs a path as it is
	b = append(b, "\n\n"...)                 // no query
	names := make([]byte, 0, 96)
	add := func(name, value string) {
		b = append(append(append(append(b, name...), ':'), value...), '\n')
		if len(names) > 0 {
			names = append(names, ';')
		}
		names = append(names, name...)
	}
	if c.length > 0 {
		add("content-length", strconv.Itoa(c.length))
		add("content-type", contentType)
		h["Content-Type"] = []string{contentType}
	}
	add("host", s.host)
	add("x-amz-date", stamp)
	if c.async {
		add("x-amz-invocation-type", "Event")
		h["X-Amz-Invocation-Type"] = []string{"Event"}
	}
	if s.SessionToken != "" {
		add("x-amz-security-token", s.SessionToken)
		h["X-Amz-Security-Token"] = []string{s.SessionToken}
	}
	b = append(b, '\n')
	b = append(b, names...)
	b = append(b, '\n')
	b = append(b, c.hash...)
	hash := sha256.Sum256(b)

	scope := day + "/" + s.region + "/" + s.service + "/aws4_request"
	b = append(b[:0], "AWS4-HMAC-SHA256\n"...)
	b = append(append(append(append(b, stamp...), '\n'), scope...), '\n')
	b = hex.AppendEncode(b, hash[:])
	signature := mac(s.keyOf(day), b)

	b = append(b[:0], "AWS4-HMAC-SHA256 Credential="...)
	b = append(append(append(b, s.AccessKeyID...), '/'), scope...)
	b = append(append(b, ", SignedHeaders="...), names...)
	b = append(b, ", Signature="...)
	h["Authorization"] = []string{string(hex.AppendEncode(b, signature))}
	return h
}

// keyOf returns the signing key of a day, which costs four times a signature.
func (s *signer) keyOf(day string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day {
		key := mac([]byte("AWS4"+s.SecretAccessKey), []byte(day))
		for _, part := range []string{s.region, s.service, "aws4_request"} {
			key = mac(key, []byte(part))
		}
		s.day, s.key = day, key
	}
	return s.key
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// hashOf is a body's SHA-256 in hex. A frame's is taken once for all recipients.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// escapeSegments escapes all but RFC 3986's unreserved characters and the slash,
// as the signature wants it. url.PathEscape leaves the = at the end of a
// connection's id, and AWS takes it only as %3D.
func escapeSegments(path string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(path) + 16)
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}
