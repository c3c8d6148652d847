package dynamo

import (
	"context"
	"iter"
	"maps"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// get reads one row, consistently: all that is read singly is either the base
// of a conditional write or must include what the same person did just before.
// It returns nil for a row that is not there.
func (s *Store) get(ctx context.Context, key item) (item, error) {
	out, err := do(ctx, s, s.client.GetItem, &dynamodb.GetItemInput{TableName: &s.table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// condition must hold of the row that a write replaces. The zero value always does.
type condition struct {
	is     string
	values item
}

// absent holds where there is no row.
var absent = condition{is: "attribute_not_exists(" + partitionKey + ")"}

// is holds where the row has this value.
func is(name string, value types.AttributeValue) condition {
	return condition{is: "#" + name + " = :is", values: item{":is": value}}
}

// expression returns a condition as a call takes it: nil for what it has not,
// since DynamoDB refuses empty ones.
func (c condition) expression() (*string, map[string]string, item) {
	names := map[string]string{}
	named(c.is, names)
	if len(names) == 0 {
		names = nil
	}
	return &c.is, names, c.values
}

// put writes a row whole. Where the condition does not hold it returns an error
// that refused knows.
func (s *Store) put(ctx context.Context, row item, c condition) error {
	in := &dynamodb.PutItemInput{TableName: &s.table, Item: row}
	if c.is != "" {
		in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = c.expression()
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	_, err := do(ctx, s, s.client.PutItem, in)
	return err
}

// remove deletes a row and returns what it was; nil if there was none. Where
// the condition does not hold nothing is deleted, and that is no error.
func (s *Store) remove(ctx context.Context, key item, c condition) (item, error) {
	in := &dynamodb.DeleteItemInput{TableName: &s.table, Key: key, ReturnValues: types.ReturnValueAllOld}
	if c.is != "" {
		in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = c.expression()
	}
	out, err := do(ctx, s, s.client.DeleteItem, in)
	if _, no := refused(err); no {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// query is a Query over one partition.
type query struct {
	partition  string
	sort       string // condition on the sort key, with :from and :to or one of them
	from, to   string
	filter     string // on other attributes
	values     item   // of filter
	projection []string
	back       bool
	limit      int  // rows looked at for a page; 0: 1 MB
	eventual   bool // half the price; may miss what was written within the last second
}

// pages yields the rows as they arrive, 1 MB or limit of rows looked at at a
// time; a page may be empty. more tells that another may follow.
func (s *Store) pages(ctx context.Context, q query) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		in := &dynamodb.QueryInput{
			TableName:                 &s.table,
			ConsistentRead:            aws.Bool(!q.eventual),
			ScanIndexForward:          aws.Bool(!q.back),
			KeyConditionExpression:    aws.String(partitionKey + " = :partition"),
			ExpressionAttributeValues: item{":partition": text(q.partition)},
		}
		maps.Copy(in.ExpressionAttributeValues, q.values)
		if q.sort != "" {
			in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + q.sort)
			if q.from != "" {
				in.ExpressionAttributeValues[":from"] = text(q.from)
			}
			if q.to != "" {
				in.ExpressionAttributeValues[":to"] = text(q.to)
			}
		}
		if q.limit > 0 {
			in.Limit = aws.Int32(int32(q.limit))
		}
		names := map[string]string{} // many plain words are reserved in expressions: ttl, at, plain …
		if q.filter != "" {
			in.FilterExpression = &q.filter
			named(q.filter, names)
		}
		if len(q.projection) > 0 {
			list := "#" + strings.Join(q.projection, ", #")
			in.ProjectionExpression = &list
			named(list, names)
		}
		if len(names) > 0 {
			in.ExpressionAttributeNames = names
		}
		for {
			out, err := do(ctx, s, s.client.Query, in)
			if err != nil {
				yield(page{}, err)
				return
			}
			if !yield(page{rows: out.Items, more: len(out.LastEvaluatedKey) > 0}, nil) || len(out.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// page is what one Query call returned.
type page struct {
	rows []item
	more bool
}

var placeholder = regexp.MustCompile(`#[A-Za-z]+`)

// named notes in names what each #name of an expression stands for.
func named(expression string, names map[string]string) {
	for _, p := range placeholder.FindAllString(expression, -1) {
		names[p] = p[1:]
	}
}
