package dynamo

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
)

// The table's rows. What follows the first # of a partition key is one name to
// its end, so names with a # in them cannot meet; where a sort key has two
// parts, the first is preceded by its length in bytes.
//
//	PK            SK                     row
//	L#room        sequence, 20 digits    one Append: its messages from that sequence on, or one change
//	M#room        connection             member (ttl)
//	C#connection  C                      connection (ttl)
//	C#connection  M#room                 membership that the row above does not list (ttl)
//	P#person      P                      person
//	P#person      I#length#room#id       claim of a client's id: where its entry is
//	P#person      E#length#room#sequence an entry without a client's id may be there
//	P#person      C#connection           the connection may be the person's (ttl)
//	S#hash        S                      whose session it is or was
//	N#skeleton    N                      whose name
//	ROOMS         room                   a room with a log
//	B#key         B                      a token bucket that all functions share (ttl)
//	F#room        F                      the floor of the room's log; none: 0
//	RULES         R#kind#length#room#subject  a rule (ttl, where it ends by itself)
//	ACTS          sequence, 20 digits    an entry of the audit log
//	EPOCH         E                      the log's incarnation
//
// A partition key may have 2,048 bytes and a sort key 1,024; a room's name has
// at most 256, a client's id 64.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
type item = map[string]types.AttributeValue

func key(pk, sk string) item { return item{partitionKey: text(pk), sortKey: text(sk)} }

func logPartition(room string) string                 { return "L#" + room }
func memberPartition(room string) string              { return "M#" + room }
func connectionPartition(id chat.ConnectionID) string { return "C#" + id }
func personPartition(id chat.PersonID) string         { return "P#" + id }

func connectionKey(id chat.ConnectionID) item { return key(connectionPartition(id), "C") }
func personKey(id chat.PersonID) item         { return key(personPartition(id), "P") }
func sessionKey(hash [32]byte) item           { return key(fmt.Sprintf("S#%x", hash), "S") }
func nameKey(skeleton string) item            { return key("N#"+skeleton, "N") }
func counterKey(of string) item               { return key("B#"+of, "B") }
func epochKey() item                          { return key("EPOCH", "E") }
func floorKey(room string) item               { return key("F#"+room, "F") }

const (
	notePrefix     = "M#" // of sort keys under a connection
	openPrefix     = "C#" // of sort keys under a person
	claimPrefix    = "I#"
	placePrefix    = "E#"
	roomsPartition = "ROOMS"
	rulesPartition = "RULES"
	actsPartition  = "ACTS"
)

// sized is a room's name where something follows it.
func sized(room string) string { return strconv.Itoa(len(room)) + "#" + room + "#" }

func claimKey(person chat.PersonID, room, id string) item {
	return key(personPartition(person), claimPrefix+sized(room)+id)
}

func placeKey(person chat.PersonID, room string, seq uint64) item {
	return key(personPartition(person), placePrefix+sized(room)+sequenceKey(seq))
}

func openKey(person chat.PersonID, id chat.ConnectionID) item {
	return key(personPartition(person), openPrefix+id)
}

func ruleKey(kind chat.RuleKind, room, subject string) item {
	return key(rulesPartition, "R#"+string(kind)+"#"+sized(room)+subject)
}

// sequenceDigits are enough for any uint64, so that keys sort as numbers do.
const sequenceDigits = 20

func sequenceKey(seq uint64) string { return fmt.Sprintf("%0*d", sequenceDigits, seq) }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func flag() types.AttributeValue         { return &types.AttributeValueMemberBOOL{Value: true} }
func bytes(b []byte) types.AttributeValue {
	return &types.AttributeValueMemberB{Value: b}
}

func number[N int64 | uint64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

// setText and setNumber leave out what is empty: an item is billed by its size.
func setText(i item, name, s string) {
	if s != "" {
		i[name] = text(s)
	}
}

func setNumber[N int64 | uint64](i item, name string, n N) {
	if n != 0 {
		i[name] = number(n)
	}
}

func getText(i item, name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func getInt(i item, name string) int64 {
	if v, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return n
	}
	return 0
}

func getUint(i item, name string) uint64 {
	if v, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseUint(v.Value, 10, 64)
		return n
	}
	return 0
}

func getUints(i item, name string) (all []uint64) {
	if list, ok := i[name].(*types.AttributeValueMemberL); ok {
		for _, v := range list.Value {
			all = append(all, getUint(item{name: v}, name))
		}
	}
	return all
}

func setTexts(i item, name string, all []string) {
	if len(all) > 0 {
		list := make([]types.AttributeValue, len(all))
		for n, s := range all {
			list[n] = text(s)
		}
		i[name] = &types.AttributeValueMemberL{Value: list}
	}
}

func getTexts(i item, name string) (all []string) {
	if list, ok := i[name].(*types.AttributeValueMemberL); ok {
		for _, v := range list.Value {
			all = append(all, getText(item{name: v}, name))
		}
	}
	return all
}

func setFormer(i item, former []chat.Former) {
	if len(former) > 0 {
		list := make([]types.AttributeValue, len(former))
		for n, f := range former {
			list[n] = bytes(append([]byte{byte(f.State)}, f.Hash[:]...))
		}
		i["former"] = &types.AttributeValueMemberL{Value: list}
	}
}

func getFormer(i item) (former []chat.Former) {
	if list, ok := i["former"].(*types.AttributeValueMemberL); ok {
		for _, v := range list.Value {
			if b, ok := v.(*types.AttributeValueMemberB); ok && len(b.Value) == 1+len(chat.Former{}.Hash) {
				former = append(former, chat.Former{State: chat.FormerState(b.Value[0]), Hash: [32]byte(b.Value[1:])})
			}
		}
	}
	return former
}

func getFlag(i item, name string) bool {
	v, ok := i[name].(*types.AttributeValueMemberBOOL)
	return ok && v.Value
}

func getHash(i item, name string) (hash [32]byte) {
	if v, ok := i[name].(*types.AttributeValueMemberB); ok {
		copy(hash[:], v.Value)
	}
	return hash
}

// expiry is the ttl of a row written now.
func (s *Store) expiry() types.AttributeValue { return number(s.now().Add(s.ttl).Unix()) }

// expired tells whether a row is over though it is still there: DynamoDB
// deletes what has expired within a few days, not at once.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
func expired(i item, now time.Time) bool {
	ttl := getInt(i, ttlAttribute)
	return ttl != 0 && ttl <= now.Unix()
}
