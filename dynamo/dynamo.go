// Package dynamo keeps the connection table, memberships, message log, people
// and names in one DynamoDB table, for the chat's home on AWS. It needs no
// transactions, no second index and never scans: what must be one step is one
// conditional write of one item, and what takes several writes is in such an
// order that a function may die between any two of them (see append.go, name.go).
//
// What each method calls, where nobody else is at the same key. Reads are
// consistent but for those marked e, which may miss the last second's writes
// and cost half.
//
//	Put              1 put; 1 more where the connection becomes a person's
//	Get              1 get
//	Delete           1 query, 1 delete, and 1 for each room not left before
//	Join             1 put, 1 query; no query without a person
//	Leave            1 delete, 1 query; no query without a person
//	InRoom           1 query for each MB of members, some 10,000
//	Present          the same; e if only the count is wanted
//	Append           1 query, 2 puts; a room's first entry 1 put more
//	  again          1 query, 1 put, 1 get; nothing is added
//	  edit, delete   2 queries, 4 puts; of what was edited before 1 query, 1 put more
//	Extent           1 query, 1 get; once in a process 1 get more
//	Range, RangeBack 1 query, 1 more beyond 128 entries; 1 batch for edits of older messages
//	Rooms            1 query e, and 1 e for each room
//	RoomsAfter       1 query e for each 500 rooms
//	Persons          1 get, or 1 batch for up to 100; e if more than 20, and 1 batch for those not found
//	PersonBySession  2 gets
//	PersonByName     2 gets
//	PutPerson        1 get, 1 put; 1 more for each new and old name and session
//	ChangePerson     as PutPerson
//	NoteSeen         1 get, 1 put
//	ReleaseName      1 get, 1 put, 1 delete
//	OfPerson         1 query, 1 batch
//	SaidBy           2 queries, 1 more for each 500 entries, 1 batch for each 100
//	ForgetSender     2 queries, and 1 query, 1 put, 1 delete for each entry
//	Trim             5 queries, 2 gets, 3 puts, and 2 deletes for each entry
//	Aged             2 queries, 1 get; where something is that old, 1 query for each halving
//	ErasePerson      1 get, 1 query, 1 put, 3 deletes, and 1 for each connection of late
//	Take             1 put; none from a bucket that is known to be empty
//	PutRule          1 put; of a new one 1 put, 1 query more
//	TakeRule         1 delete
//	UseRule          1 get, 1 put or delete
//	AllRules         1 query
//	PutAct           1 query, 1 put
//	Acts             1 query
//	ForgetActs       1 query for each MB of the audit log, 1 put for each entry
package dynamo

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/chat"
)

// Client is what the store calls of DynamoDB: *dynamodb.Client has it, and so
// has whatever counts, slows or cuts calls in between. The store retries by
// itself (see retry.go), so a client should not; NewClient returns such a one.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Options adjust a Store. Only Table is needed.
type Options struct {
	// Table is the table's name. Its key schema is CreateTable's.
	Table string

	// TTL is how long the row of a connection or membership counts after it was
	// written. Default 2 h 10 min: API Gateway ends every connection after 2 h,
	// and may never tell of it.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
	TTL time.Duration

	// CallTimeout ends one attempt of one call, after which it is tried again.
	// Default 2 s: DynamoDB answers within milliseconds or not at all.
	CallTimeout time.Duration

	// Reserve is what is left of a context's time when the store gives up, so
	// that the caller can still answer. Default 250 ms.
	Reserve time.Duration

	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // tells what was left undone and heals later; default: nothing
}

// Store is chat's ConnectionTable, Membership, MessageLog, People and Rules in a
// DynamoDB table. Its methods may be called concurrently, by any number of
// processes on one table. It holds nothing that need be closed.
type Store struct {
	client      Client
	table       string
	ttl         time.Duration
	callTimeout time.Duration
	reserve     time.Duration
	now         func() time.Time
	logger      *slog.Logger
	epoch       atomic.Pointer[string]
	noted       notes
	crowds      crowds
	counted     counted
}

var (
	_ chat.ConnectionTable = (*Store)(nil)
	_ chat.Membership      = (*Store)(nil)
	_ chat.MessageLog      = (*Store)(nil)
	_ chat.RoomNames       = (*Store)(nil)
	_ chat.People          = (*Store)(nil)

	_ chat.Rules   = (*Store)(nil)
	_ chat.Counter = (*Store)(nil)
)

// New returns a store over a table that exists. It makes no call yet.
func New(client Client, o Options) *Store {
	s := &Store{
		client: client, table: o.Table, ttl: o.TTL, callTimeout: o.CallTimeout, reserve: o.Reserve, now: o.Now, logger: o.Logger,
	}
	if s.ttl == 0 {
		s.ttl = 2*time.Hour + 10*time.Minute
	}
	if s.callTimeout == 0 {
		s.callTimeout = 2 * time.Second
	}
	if s.reserve == 0 {
		s.reserve = 250 * time.Millisecond
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	return s
}
