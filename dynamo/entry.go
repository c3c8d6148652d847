package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"parley/chat"
)

// A commit is one row of a room's log: the messages of one Append, one on AWS,
// at the sequence of the first; or one edit or delete. One row is one
// conditional write, so the messages of one call stand together without a
// transaction.
//
// There is no checksum of our own, as sqlite has for a disk nobody watches:
// DynamoDB checks what it stores, and the SDK the CRC-32 of each answer.
type commit struct {
	first   uint64
	token   string // random: tells the writer whose answer was lost that this is its own
	version uint64 // counts the times that it was rewritten since, for a change of what is in it
	floor   uint64 // entries up to this one have been trimmed, and are empty; 0: none
	entries []stored
}

// stored is an entry as its row has it.
type stored struct {
	chat.Entry
	pending []uint64 // message: sequences at which a change of it may be that is not in this row yet
	row     uint64   // edit: the sequence under which the message's row is found
}

// What one row may take. A row has at most 400 KB, also when all its messages
// were edited to the longest text, of 30 KB; reading back from the middle of one
// costs as many rows as it may span entries.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxCommitEntries = 12
	maxCommitBytes   = 256 << 10 // of texts; names and numbers beside one are below 1 KB
)

func (c *commit) last() uint64 { return c.first + uint64(len(c.entries)) - 1 }

// row writes last and at a second time, beside the entries, so that the head
// can be read without transferring texts.
func (c *commit) row(room string) item {
	row := key(logPartition(room), sequenceKey(c.first))
	row["token"] = text(c.token)
	setNumber(row, "version", c.version)
	setNumber(row, "floor", c.floor)
	row["last"] = number(c.last())
	setNumber(row, "at", c.entries[len(c.entries)-1].At)
	list := make([]types.AttributeValue, len(c.entries))
	for i, e := range c.entries {
		m := item{"kind": number(uint64(e.Kind))}
		setNumber(m, "at", e.At)
		setText(m, "person", e.Person)
		setText(m, "from", e.From)
		setText(m, "id", e.ID)
		setText(m, "text", e.Text)
		setNumber(m, "target", e.Target)
		setNumber(m, "row", e.row)
		setNumber(m, "edited", e.Edited)
		setNumber(m, "deleted", e.Deleted)
		if len(e.pending) > 0 {
			var pending []types.AttributeValue
			for _, n := range e.pending {
				pending = append(pending, number(n))
			}
			m["pending"] = &types.AttributeValueMemberL{Value: pending}
		}
		list[i] = &types.AttributeValueMemberM{Value: m}
	}
	row["entries"] = &types.AttributeValueMemberL{Value: list}
	return row
}

// parseCommit reads a row. Entries it cannot make sense of are lost.
func parseCommit(row item) commit {
	c := commit{token: getText(row, "token"), version: getUint(row, "version"), floor: getUint(row, "floor")}
	for _, digit := range getText(row, sortKey) {
		c.first = c.first*10 + uint64(digit-'0')
	}
	list, _ := row["entries"].(*types.AttributeValueMemberL)
	if list == nil {
		return c
	}
	for i, value := range list.Value {
		e := chat.Entry{Seq: c.first + uint64(i), Lost: true}
		m, ok := value.(*types.AttributeValueMemberM)
		if !ok {
			c.entries = append(c.entries, stored{Entry: e})
			continue
		}
		e = chat.Entry{
			Seq: e.Seq, Kind: chat.Kind(getUint(m.Value, "kind")), At: getInt(m.Value, "at"),
			Person: getText(m.Value, "person"), From: getText(m.Value, "from"), ID: getText(m.Value, "id"),
			Text: getText(m.Value, "text"), Target: getUint(m.Value, "target"),
			Edited: getUint(m.Value, "edited"), Deleted: getUint(m.Value, "deleted"),
		}
		c.entries = append(c.entries, stored{e, getUints(m.Value, "pending"), getUint(m.Value, "row")})
	}
	return c
}

// find returns the entry that somebody's client calls id.
func (c *commit) find(person chat.PersonID, id string) *stored {
	for i := range c.entries {
		if e := &c.entries[i]; id != "" && e.ID == id && e.Person == person {
			return e
		}
	}
	return nil
}
