package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// logs asks CloudWatch Logs for the one thing that is asked of it, names of log
// groups. A client of the SDK for that would be 2 MB of program.
type logs struct {
	endpoint    string
	region      string
	credentials aws.CredentialsProvider
	client      aws.HTTPClient
}

func newLogs(cfg aws.Config, partition string) *logs {
	endpoint := "https://logs." + cfg.Region + ".amazonaws.com"
	if partition == "aws-cn" {
		endpoint += ".cn"
	}
	if cfg.BaseEndpoint != nil { // AWS_ENDPOINT_URL
		endpoint = *cfg.BaseEndpoint
	}
	return &logs{endpoint: endpoint, region: cfg.Region, credentials: cfg.Credentials, client: cfg.HTTPClient}
}

// groups returns the names that begin with prefix.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
func (l *logs) groups(ctx context.Context, prefix string) (names []string, err error) {
	ask := struct {
		Prefix string `json:"logGroupNamePrefix"`
		Next   string `json:"nextToken,omitempty"`
	}{Prefix: prefix}
	for {
		var answer struct {
			LogGroups []struct{ LogGroupName string }
			NextToken string
		}
		if err := l.call(ctx, "DescribeLogGroups", ask, &answer); err != nil {
			return names, err
		}
		for _, g := range answer.LogGroups {
			names = append(names, g.LogGroupName)
		}
		if ask.Next = answer.NextToken; ask.Next == "" {
			return names, nil
		}
	}
}

func (l *logs) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	credentials, err := l.credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "logs", l.region, time.Now()); err != nil {
		return err
	}
	response, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<20)) // a page has at most 50 groups
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusOK {
		return json.Unmarshal(text, out)
	}
	var refusal struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	json.Unmarshal(text, &refusal) // what is no JSON has no code; its status is told
	code := refusal.Type[strings.LastIndex(refusal.Type, "#")+1:]
	if code == "" {
		return fmt.Errorf("CloudWatch Logs answers %s", response.Status)
	}
	return &smithy.OperationError{ServiceID: "logs", OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: refusal.Message}}
}
