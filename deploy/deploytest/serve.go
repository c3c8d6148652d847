package deploytest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// request is one call, read as far as all services have it in common.
type request struct {
	*http.Request
	Call
	region string
	body   []byte     // of all services but S3
	form   url.Values // of the query protocol
}

// apiError is an answer of AWS to a call that it refuses. A status of 0 is 400.
type apiError struct {
	code, message string
	status        int
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func refuse(code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

// invalid is CloudFormation's answer to nearly everything.
func invalid(format string, args ...any) *apiError { return refuse("ValidationError", format, args...) }

// ServeHTTP tells the services apart as AWS's own front door cannot: by the scope of the signature.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, answerPath) {
		a.takeAnswer(w, r) // signed in its query, by CloudFormation
		return
	}
	q, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	ok, lost := a.admit(w, q)
	if !ok {
		return
	}
	if lost {
		w = httptest.NewRecorder()
		defer panic(http.ErrAbortHandler) // net/http drops the connection without a word
	}
	switch q.Service {
	case "s3":
		a.s3.ServeHTTP(w, r)
	case "cloudformation":
		a.answerQuery(w, q, cloudFormation, "http://cloudformation.amazonaws.com/doc/2010-05-15/")
	case "sts":
		a.answerQuery(w, q, securityTokens, "https://sts.amazonaws.com/doc/2011-06-15/")
	case "cloudfront":
		a.answerCloudFront(w, q)
	case "monitoring":
		a.answerCloudWatch(w, q)
	case "logs":
		a.answerLogs(w, q)
	case "lambda":
		a.answerLambda(w, q)
	case "dynamodb":
		a.answerDynamo(w, q)
	default:
		writeError(w, q, refuse("UnknownOperationException", "deploytest does not know %s of %s", q.Operation, q.Service))
	}
}

// read finds service, region and operation of a request.
func read(r *http.Request) (*request, error) {
	scope := ""
	if _, rest, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
		scope, _, _ = strings.Cut(rest, ",")
	} else {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	parts := strings.Split(scope, "/") // key/date/region/service/aws4_request
	if len(parts) < 5 {
		return nil, fmt.Errorf("the request is not signed: Authorization %q", r.Header.Get("Authorization"))
	}
	q := &request{Request: r, region: parts[len(parts)-3]}
	q.Service = parts[len(parts)-2]
	if q.Service == "s3" {
		q.Operation = s3Operation(r)
		return q, nil
	}
	var err error
	if q.body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(q.body))
	if q.form, err = url.ParseQuery(string(q.body)); err != nil {
		q.form = url.Values{}
	}
	switch _, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); {
	case target != "":
		q.Operation = target
	case q.form.Get("Action") != "":
		q.Operation = q.form.Get("Action")
	default:
		q.Operation = restOperation(q.Service, r)
	}
	return q, nil
}

// requestID has the form of a UUID, as ids of requests, stacks and change sets have on AWS.
func requestID() string {
	x, y := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", x>>32, x>>16&0xffff, x&0xfff, y>>48&0xfff, y&0xffffffffffff)
}
