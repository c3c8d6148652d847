package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parley/chat"
)

// ruleColumns are what scanRule reads.
const ruleColumns = "kind, room, subject, value, text, reason, name, person, sender, at, until"

func scanRule(scan func(...any) error) (r chat.Rule, err error) {
	err = scan((*string)(&r.Kind), &r.Room, &r.Subject, &r.Value, &r.Text, &r.Reason, &r.Name, &r.By, &r.ByName, &r.At, &r.Until)
	return r, err
}

// PutRule lays down a rule in the place of the one like it; see chat.Rules.
func (s *Store) PutRule(ctx context.Context, r chat.Rule) error {
	full := false
	err := s.writer.submit(ctx, 0, func(b *batch) error {
		var others int
		err := b.conn.QueryRowContext(b.ctx, "SELECT count(*) FROM rule WHERE (kind, room, subject) <> (?, ?, ?)", string(r.Kind), r.Room, r.Subject).Scan(&others)
		if full = others >= chat.MaxRules; err != nil || full {
			return err
		}
		_, err = b.st.putRule.ExecContext(b.ctx, string(r.Kind), r.Room, r.Subject, r.Value, r.Text, r.Reason, r.Name, r.By, r.ByName, r.At, r.Until)
		return err
	})
	if err != nil {
		return fmt.Errorf("store a rule: %w", err)
	}
	if full {
		return chat.ErrTooManyRules
	}
	return nil
}

// TakeRule lifts a rule; see chat.Rules.
func (s *Store) TakeRule(ctx context.Context, kind chat.RuleKind, room, subject string) (r chat.Rule, existed bool, err error) {
	err = s.writer.submit(ctx, 0, func(b *batch) (err error) {
		r, existed, err = oneRule(b.st.takeRule.QueryRowContext(b.ctx, string(kind), room, subject))
		return err
	})
	if err != nil {
		return chat.Rule{}, false, fmt.Errorf("lift a rule: %w", err)
	}
	return r, existed, nil
}

// UseRule takes one from the value of a rule; see chat.Rules.
func (s *Store) UseRule(ctx context.Context, kind chat.RuleKind, room, subject string) (r chat.Rule, existed bool, err error) {
	err = s.writer.submit(ctx, 0, func(b *batch) (err error) {
		var before int64
		err = b.conn.QueryRowContext(b.ctx, "SELECT value FROM rule WHERE kind = ? AND room = ? AND subject = ?", string(kind), room, subject).Scan(&before)
		if errors.Is(err, sql.ErrNoRows) {
			r, existed = chat.Rule{}, false
			return nil
		} else if err != nil {
			return err
		}
		if r, existed, err = oneRule(b.st.useRule.QueryRowContext(b.ctx, string(kind), room, subject)); err != nil || before != 1 {
			return err
		}
		_, _, err = oneRule(b.st.takeRule.QueryRowContext(b.ctx, string(kind), room, subject))
		return err
	})
	if err != nil {
		return chat.Rule{}, false, fmt.Errorf("use a rule: %w", err)
	}
	return r, existed, nil
}

func oneRule(row *sql.Row) (chat.Rule, bool, error) {
	r, err := scanRule(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Rule{}, false, nil
	}
	return r, err == nil, err
}

// AllRules returns the rules.
func (s *Store) AllRules(ctx context.Context) ([]chat.Rule, error) {
	rows, err := s.read.pool.QueryContext(ctx, "SELECT "+ruleColumns+" FROM rule")
	if err != nil {
		return nil, s.failed(err, "read the rules")
	}
	defer rows.Close()
	var all []chat.Rule
	for rows.Next() {
		r, err := scanRule(rows.Scan)
		if err != nil {
			return nil, s.failed(err, "read the rules")
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err, "read the rules")
	}
	return all, nil
}

// PutAct appends to the audit log.
func (s *Store) PutAct(ctx context.Context, a chat.Act) (chat.Act, error) {
	err := s.writer.submit(ctx, 0, func(b *batch) error { return b.putAct(&a) })
	if err != nil {
		return a, fmt.Errorf("write the audit log: %w", err)
	}
	return a, nil
}

func (b *batch) putAct(a *chat.Act) error {
	return b.st.putAct.QueryRowContext(b.ctx, a.At, a.By, a.ByName, a.Do, a.Room, a.Person, a.Name, a.Detail).Scan(&a.Seq)
}

// PutActOnce appends to the audit log what does not stand there.
func (s *Store) PutActOnce(ctx context.Context, a chat.Act) (chat.Act, error) {
	const same = `SELECT seq, sender, room, name, detail FROM (SELECT * FROM act ORDER BY seq DESC LIMIT ?)
		WHERE at = ? AND person = ? AND do = ? AND whom = ? LIMIT 1`
	err := s.writer.submit(ctx, 0, func(b *batch) error {
		there := a
		err := b.conn.QueryRowContext(b.ctx, same, chat.ActsOnce, a.At, a.By, a.Do, a.Person).Scan(&there.Seq, &there.ByName, &there.Room, &there.Name, &there.Detail)
		if errors.Is(err, sql.ErrNoRows) {
			return b.putAct(&a)
		}
		if err == nil {
			a = there
		}
		return err
	})
	if err != nil {
		return a, fmt.Errorf("write the audit log: %w", err)
	}
	return a, nil
}

// Acts returns entries of the audit log, newest first.
func (s *Store) Acts(ctx context.Context, before uint64, limit int) ([]chat.Act, error) {
	const query = `SELECT seq, at, person, sender, do, room, whom, name, detail FROM act
		WHERE ? = 0 OR seq < ? ORDER BY seq DESC LIMIT ?`
	rows, err := s.read.pool.QueryContext(ctx, query, int64(before), int64(before), max(limit, 0))
	if err != nil {
		return nil, s.failed(err, "read the audit log")
	}
	defer rows.Close()
	var acts []chat.Act
	for rows.Next() {
		var a chat.Act
		if err := rows.Scan(&a.Seq, &a.At, &a.By, &a.ByName, &a.Do, &a.Room, &a.Person, &a.Name, &a.Detail); err != nil {
			return nil, s.failed(err, "read the audit log")
		}
		acts = append(acts, a)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err, "read the audit log")
	}
	return acts, nil
}
