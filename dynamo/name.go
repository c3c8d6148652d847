package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"parley/chat"
)

// How a name belongs to one person, with no transaction: the name's row says
// who may have it, the person's row says whether it has it. Only both together
// count, so each order of writes ends well:
//
//  1. read the person's row, with its version
//  2. the name's row becomes the person's               (if there is none, or it is the person's)
//  3. the person's row says the name                    (if its version is the one read)
//  4. the row of the old name goes                      (if it is the one that was taken then)
//
// Who dies after 2 leaves a name's row with which the person's row does not
// agree; who dies after 3, the same for the old name. Such a row is taken over.
// But its person may be between 2 and 3 at this moment, not dead: so whoever
// takes it over first raises the version of that person's row, after which
// step 3 fails there. Hence a person's row that says a name has the name's row.

// takeName does step 2 and returns the token of the name's row. It returns
// chat.ErrNameTaken if another person has the name.
func (s *Store) takeName(ctx context.Context, id chat.PersonID, skeleton string) (token string, err error) {
	row := nameKey(skeleton)
	token = rand.Text()[:tokenLength]
	row["person"], row["token"] = text(id), text(token)
	free := condition{is: absent.is + " OR #person = :person", values: item{":person": text(id)}}
	end := s.end(ctx)
	for attempt := 0; ; attempt++ {
		err := s.put(ctx, row, free)
		there, taken := refused(err)
		if err == nil {
			return token, nil
		}
		if !taken {
			return "", err
		}
		if there == nil {
			if there, err = s.get(ctx, nameKey(skeleton)); err != nil {
				return "", err
			}
		}
		if there != nil && getText(there, "person") != id {
			held, err := s.contest(ctx, getText(there, "person"), skeleton)
			if err != nil {
				return "", err
			}
			if held {
				return "", chat.ErrNameTaken
			}
			free = is("token", there["token"])
			if err := s.put(ctx, row, free); err == nil {
				return token, nil
			} else if _, taken := refused(err); !taken {
				return "", err
			}
			free = condition{is: absent.is + " OR #person = :person", values: item{":person": text(id)}}
		}
		if err := pause(ctx, end, attempt, contention); err != nil {
			return "", fmt.Errorf("take name %q: %w", skeleton, err)
		}
	}
}

// nobodyTTL is how long a row that has only a version is kept: longer than
// anybody can be between steps 1 and 3.
const nobodyTTL = 24 * time.Hour

// contest tells whether the person whose name's row this is has the name. If
// not, the person is kept from getting it by what it may be doing right now.
func (s *Store) contest(ctx context.Context, id chat.PersonID, skeleton string) (held bool, err error) {
	for {
		p, err := s.readPerson(ctx, id)
		if err != nil {
			return false, err
		}
		if p.stored() && p.Skeleton == skeleton {
			return true, nil
		}
		raised := p
		raised.nobody = !p.stored()
		raised.version++
		row := raised.row()
		if raised.nobody {
			row[ttlAttribute] = number(s.now().Add(nobodyTTL).Unix())
		}
		err = s.put(ctx, row, p.unchanged())
		if err == nil {
			return false, nil
		}
		if _, changed := refused(err); !changed {
			return false, err
		}
	}
}

// dropName deletes the row of a name that a person no longer has, unless the
// person has taken the name again since.
func (s *Store) dropName(ctx context.Context, p personRow) {
	if _, err := s.remove(ctx, nameKey(p.Skeleton), is("token", text(p.token))); err != nil {
		s.logger.Warn("the row of a name that was given up is left", "person", p.ID, "error", err)
	}
}
