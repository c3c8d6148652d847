package dynamo

import (
	"context"
	"fmt"

	"parley/chat"
)

// personRow is a person as stored, with what keeps writers apart.
type personRow struct {
	chat.Person
	version uint64 // of the row; 0: there is none
	token   string // of the name's row, as of when the name was taken
	nobody  bool   // the row is nobody's: it has only a version, see contest, or is being erased
}

func (p personRow) row() item {
	row := personKey(p.ID)
	row["version"] = number(p.version)
	setText(row, "skeleton", p.Skeleton)
	setText(row, "token", p.token)
	if p.Session != [32]byte{} {
		row["session"] = bytes(p.Session[:])
	}
	setFormer(row, p.Former)
	if p.nobody {
		row["nobody"] = flag()
		return row
	}
	setText(row, "name", p.Name)
	setText(row, "holder", p.Holder)
	setNumber(row, "created", p.Created)
	setNumber(row, "seen", p.Seen)
	setText(row, "role", p.Role)
	setTexts(row, "admitted", p.Admitted)
	return row
}

func parsePerson(row item) personRow {
	if row == nil {
		return personRow{}
	}
	return personRow{
		Person: chat.Person{
			ID: getText(row, partitionKey)[len(personPartition("")):], Name: getText(row, "name"), Skeleton: getText(row, "skeleton"),
			Session: getHash(row, "session"), Holder: getText(row, "holder"), Created: getInt(row, "created"), Seen: getInt(row, "seen"),
			Role: getText(row, "role"), Admitted: getTexts(row, "admitted"), Former: getFormer(row),
		},
		version: getUint(row, "version"), token: getText(row, "token"), nobody: getFlag(row, "nobody"),
	}
}

func (p personRow) stored() bool { return p.version != 0 && !p.nobody }

// sessions are all that the person's row knows of.
func (p personRow) sessions() (all [][32]byte) {
	if p.Session != [32]byte{} {
		all = append(all, p.Session)
	}
	for _, f := range p.Former {
		all = append(all, f.Hash)
	}
	return all
}

// unchanged holds while a person's row is as it was read.
func (p personRow) unchanged() condition {
	if p.version == 0 {
		return absent
	}
	return is("version", number(p.version))
}

func (s *Store) readPerson(ctx context.Context, id chat.PersonID) (personRow, error) {
	row, err := s.get(ctx, personKey(id))
	if err != nil {
		return personRow{}, fmt.Errorf("read person %q: %w", id, err)
	}
	p := parsePerson(row)
	p.ID = id
	return p, nil
}
