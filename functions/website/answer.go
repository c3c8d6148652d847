package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
)

// answer is what CloudFormation waits for. The library's own way to send it (its
// LambdaWrap) tries once, without a deadline, and writes the address into the log
// when that fails.
type answer cfn.Response

// answerTimeout is for one try.
const answerTimeout = 3 * time.Second

// answerClient follows nobody elsewhere.
var answerClient = &http.Client{
	Timeout:       answerTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send puts the answer to the address that came with the request, until it
// arrives, is refused, or ctx ends. The address is signed: whoever has it can
// answer in our place, so no error tells it.
func (a answer) send(ctx context.Context, address string) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // which makes six bytes of one
	if err := encoder.Encode(a); err != nil {
		return fmt.Errorf("answer CloudFormation: %w", err)
	}
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		final, err := try(ctx, address, body.Bytes())
		if err == nil {
			return nil
		}
		err = fmt.Errorf("answer CloudFormation: %w", err)
		if final {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// try tells whether another one is useless.
func try(ctx context.Context, address string, body []byte) (final bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, address, bytes.NewReader(body)) // without a content type: it is not signed with one
	if err != nil {
		return true, errors.New("the request's ResponseURL is no address")
	}
	out, err := answerClient.Do(r)
	if withAddress := (*url.Error)(nil); errors.As(err, &withAddress) {
		err = withAddress.Err
	}
	if err != nil {
		return false, err
	}
	defer out.Body.Close()
	io.Copy(io.Discard, io.LimitReader(out.Body, 64<<10))
	if out.StatusCode == http.StatusOK {
		return false, nil
	}
	passing := out.StatusCode >= 500 || out.StatusCode == http.StatusTooManyRequests || out.StatusCode == http.StatusRequestTimeout
	return !passing, fmt.Errorf("it was answered with %s", out.Status)
}
