package deploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Reach is what it takes to work on a stack's chat itself, with the rights of
// whoever runs it.
type Reach struct {
	Website    string // the page's address
	Table      string // of connections, messages and people
	Management string // where API Gateway takes posts to a connection
	DynamoDB   *dynamodb.Client
}

// Reach finds the chat of a stack. It changes nothing.
func (s *Stack) Reach(ctx context.Context) (*Reach, error) {
	st, err := s.describe(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if err := s.ours(st); err != nil {
		return nil, err
	}
	r := &Reach{Website: st.outputs["WebsiteUrl"], Table: st.outputs["TableName"], Management: st.outputs["ManagementEndpoint"], DynamoDB: s.dynamodb}
	if r.Website == "" || r.Table == "" || r.Management == "" {
		return nil, &Error{Kind: Unwell, Message: "there is no chat in the stack " + s.Name + " in " + s.Region, Hint: "parley deploy" + s.flags() + " makes it"}
	}
	return r, nil
}
