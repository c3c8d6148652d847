package dynamo_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/chat"
	"parley/dynamo"
	"parley/e2e"
)

// slow is a client whose calls take longer, as over a network.
type slow struct {
	counting
	by time.Duration
}

func (c *slow) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	time.Sleep(c.by)
	return c.counting.GetItem(ctx, in, o...)
}

func (c *slow) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	time.Sleep(c.by)
	return c.counting.Query(ctx, in, o...)
}

func (c *slow) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	time.Sleep(c.by)
	return c.counting.PutItem(ctx, in, o...)
}

func (c *slow) total() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, calls := range c.calls {
		n += calls
	}
	return n
}

// BenchmarkAppend measures how many messages one room takes in a second, with
// so many functions speaking in it without a pause. A call takes 4 ms more than
// dynalite needs (about 1 ms), which is what DynamoDB takes in its region.
// The figures are in append.go.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			table := newTable(b)
			c := &slow{counting: counting{Client: client(e2e.DynamoDB(b))}, by: 4 * time.Millisecond}
			var next atomic.Int64
			var slowest atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for w := range writers {
				all.Go(func() {
					s := dynamo.New(c, dynamo.Options{Table: table})
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						began := time.Now()
						_, err := s.Append(b.Context(), "room", chat.Entry{
							Kind: chat.KindMessage, At: n, Person: fmt.Sprint("p", w), From: "Ann", ID: fmt.Sprint(n), Text: "a message of ordinary length, as people write them",
						})
						if err != nil {
							b.Error(err)
							return
						}
						if took := int64(time.Since(began)); took > slowest.Load() {
							slowest.Store(took)
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			b.ReportMetric(float64(c.total())/float64(b.N), "calls/message")
			b.ReportMetric(float64(slowest.Load())/1e6, "ms-slowest")
		})
	}
}
