package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"

	"parley/chat"
)

// PutAct appends to the audit log. One consistent query and one write, again
// where another took the sequence.
func (s *Store) PutAct(ctx context.Context, a chat.Act) (chat.Act, error) {
	return s.putAct(ctx, a, 1, func(chat.Act) bool { return false })
}

// PutActOnce appends to the audit log what does not stand there. Nobody comes
// between: a sequence is taken only while it is the one after those looked at.
func (s *Store) PutActOnce(ctx context.Context, a chat.Act) (chat.Act, error) {
	return s.putAct(ctx, a, chat.ActsOnce, a.Same)
}

// putAct looks at the newest entries; one of them may be the act already.
func (s *Store) putAct(ctx context.Context, a chat.Act, newest int, same func(chat.Act) bool) (chat.Act, error) {
	token := rand.Text()[:tokenLength]
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		before, err := s.Acts(ctx, 0, newest)
		if err != nil {
			return a, err
		}
		if i := slices.IndexFunc(before, same); i >= 0 {
			return before[i], nil
		}
		a.Seq = 1
		if len(before) > 0 {
			a.Seq = before[0].Seq + 1
		}
		row := actRow(a, 0)
		row["token"] = text(token)
		err = s.put(ctx, row, absent)
		there, taken := refused(err)
		if taken && there == nil {
			there, err = s.get(ctx, key(actsPartition, sequenceKey(a.Seq)))
		}
		if err == nil && (!taken || getText(there, "token") == token) { // ours: only the answer was lost
			return a, nil
		}
		if taken {
			err = pause(ctx, end, attempt, contention)
		}
		if err != nil {
			return a, fmt.Errorf("put into the audit log: %w", err)
		}
	}
}

// Acts returns entries of the audit log, newest first. One consistent query.
func (s *Store) Acts(ctx context.Context, before uint64, limit int) ([]chat.Act, error) {
	acts := []chat.Act{}
	if limit <= 0 {
		return acts, ctx.Err()
	}
	q := query{partition: actsPartition, back: true, limit: limit}
	if before != 0 {
		q.sort, q.to = sortKey+" < :to", sequenceKey(before)
	}
	for p, err := range s.pages(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		for _, row := range p.rows {
			if acts = append(acts, parseAct(row)); len(acts) == limit {
				return acts, nil
			}
		}
	}
	return acts, nil
}

// ForgetActs empties a person's names in the audit log. It reads the whole log,
// and writes each entry that has one.
func (s *Store) ForgetActs(ctx context.Context, person chat.PersonID) error {
	q := query{
		partition: actsPartition, filter: "#by = :person OR #person = :person", values: item{":person": text(person)},
	}
	for p, err := range s.pages(ctx, q) {
		if err != nil {
			return fmt.Errorf("forget a person in the audit log: %w", err)
		}
		for _, row := range p.rows {
			if err := s.forgetAct(ctx, row, person); err != nil {
				return fmt.Errorf("forget a person in the audit log: %w", err)
			}
		}
	}
	return nil
}

// forgetAct empties an entry's names of a person, whatever of another's is
// emptied at the same time.
func (s *Store) forgetAct(ctx context.Context, row item, person chat.PersonID) error {
	for row != nil {
		a := parseAct(row)
		was := a
		if a.By == person {
			a.ByName = ""
		}
		if a.Person == person {
			a.Name, a.Detail = "", ""
		}
		if a == was {
			return nil
		}
		version := getUint(row, "version")
		unchanged := is("version", number(version))
		if version == 0 {
			unchanged = condition{is: "attribute_exists(" + partitionKey + ") AND attribute_not_exists(#version)"}
		}
		err := s.put(ctx, actRow(a, version+1), unchanged)
		if _, changed := refused(err); !changed {
			return err
		}
		if row, err = s.get(ctx, key(actsPartition, sequenceKey(a.Seq))); err != nil {
			return err
		}
	}
	return nil
}

func actRow(a chat.Act, version uint64) item {
	row := key(actsPartition, sequenceKey(a.Seq))
	setNumber(row, "version", version)
	setNumber(row, "at", a.At)
	setText(row, "by", a.By)
	setText(row, "byName", a.ByName)
	setText(row, "do", a.Do)
	setText(row, "room", a.Room)
	setText(row, "person", a.Person)
	setText(row, "name", a.Name)
	setText(row, "detail", a.Detail)
	return row
}

func parseAct(row item) chat.Act {
	seq, _ := strconv.ParseUint(getText(row, sortKey), 10, 64)
	return chat.Act{
		Seq: seq, At: getInt(row, "at"), By: getText(row, "by"), ByName: getText(row, "byName"), Do: getText(row, "do"),
		Room: getText(row, "room"), Person: getText(row, "person"), Name: getText(row, "name"), Detail: getText(row, "detail"),
	}
}
