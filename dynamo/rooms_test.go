package dynamo_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/dynamo"
	"parley/e2e"
)

// TestRoomsAfter: of more rooms than one query reads, and than Rooms lists, none
// is left out and none comes twice, wherever one begins.
func TestRoomsAfter(t *testing.T) {
	table := newTable(t)
	c := client(e2e.DynamoDB(t))
	var want []string
	for i := range 28 {
		var writes []types.WriteRequest
		for k := range 25 {
			name := fmt.Sprintf("room %03d", i*25+k)
			want = append(want, name)
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{
				"PK": &types.AttributeValueMemberS{Value: "ROOMS"}, "SK": &types.AttributeValueMemberS{Value: name},
			}}})
		}
		_, err := c.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: writes}})
		must(t, err)
	}
	s := dynamo.New(c, dynamo.Options{Table: table})
	for after, from := range map[string]int{"": 0, "room 0": 0, "room 009": 10, "room 009+": 10, "room 698": 699, "room 699": 700, "z": 700} {
		got := []string{}
		for name, err := range s.RoomsAfter(t.Context(), after) {
			must(t, err)
			got = append(got, name)
		}
		if !slices.Equal(got, want[from:]) {
			t.Errorf("after %q: %d rooms %.40q…, want %d", after, len(got), got, len(want)-from)
		}
	}
}
