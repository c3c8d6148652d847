package sqlite

// migrations make the schema. One that has been released never changes: to
// change the schema, append another.
var migrations = []migration{schema1, schema2, schema3, schema4}

// schema1: every entry carries a checksum, since SQLite's pages have none.
// entry_once makes sending again harmless for as long as the entry is kept.
// room_spoken lists rooms by their newest entry without reading any.
// Names are compared byte by byte: chat has normalised what is to be equal.
const schema1 = `
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
	id    INTEGER PRIMARY KEY,
	name  TEXT    NOT NULL UNIQUE,
	floor INTEGER NOT NULL DEFAULT 0, -- entries up to this sequence have been trimmed
	head  INTEGER NOT NULL,           -- the newest sequence
	at    INTEGER NOT NULL            -- when the newest entry was made; ms since 1970
) STRICT;
CREATE INDEX room_spoken ON room (at);

CREATE TABLE entry (
	room     INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	kind     INTEGER NOT NULL, -- 1 message, 2 edit, 3 delete
	at       INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	sender   TEXT    NOT NULL, -- the person's name at that time
	client   TEXT    NOT NULL, -- the client's id of it; may be empty
	text     TEXT    NOT NULL,
	target   INTEGER NOT NULL, -- edit, delete: the sequence of the message concerned
	checksum INTEGER NOT NULL, -- CRC-32C, see checksum.go
	PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX entry_once ON entry (room, person, client) WHERE client <> '';

CREATE TABLE person (
	id       TEXT PRIMARY KEY,
	name     TEXT    NOT NULL,
	skeleton TEXT    UNIQUE,   -- null: holds no name
	session  BLOB    UNIQUE,   -- SHA-256 of the token; null: has none
	holder   TEXT    NOT NULL, -- the connection that holds the name; empty: the session does
	created  INTEGER NOT NULL,
	seen     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

// schema2: entries can be edited and deleted, and then no text may be left.
//
// SQLite zeroes what is deleted (secure_delete), but not the copies that stay
// behind in the unused part of a page when rows move to another one, as they did
// in the table of schema 1. So in this one no row that has a text ever moves:
// rows are added at the end alone, where SQLite starts a new page rather than
// share one out, and a change overwrites in place, byte for byte. Hence the
// numbers that change are stored with fixed added, which gives them one size,
// and a text goes by being overwritten with as many zeros.
//
// So a text stands in one row at a time: the message's own, until an edit has
// another one, and then in that edit's.
const schema2 = `
CREATE TABLE said (
	id       INTEGER PRIMARY KEY, -- ever greater; says nothing
	room     INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	kind     INTEGER NOT NULL, -- 1 message, 2 edit, 3 delete
	at       INTEGER NOT NULL,
	person   TEXT    NOT NULL,
	sender   TEXT    NOT NULL, -- the person's name at that time
	client   TEXT    NOT NULL, -- the client's id of it; may be empty
	text     TEXT    NOT NULL, -- zeros where it was replaced or deleted
	target   INTEGER NOT NULL, -- edit, delete: the sequence of the message concerned
	edited   INTEGER NOT NULL, -- message: the edit that has its text; fixed added
	deleted  INTEGER NOT NULL, -- the delete that took its text, of an edit also the edit that replaced it; fixed added
	checksum INTEGER NOT NULL  -- CRC-32C of the entry as it is now, see checksum.go; fixed added
) STRICT;
INSERT INTO said (room, seq, kind, at, person, sender, client, text, target, edited, deleted, checksum)
	SELECT room, seq, kind, at, person, sender, client, text, target, 1 << 60, 1 << 60, checksum + (1 << 60) FROM entry ORDER BY room, seq;
DROP TABLE entry;
ALTER TABLE said RENAME TO entry;
CREATE UNIQUE INDEX entry_place ON entry (room, seq);
CREATE UNIQUE INDEX entry_once ON entry (room, person, client) WHERE client <> '';
`

// schema3: what moderators lay down, and what they did.
//
// Names stand in person, rule and act, whose rows move between pages. So when one
// has to go for good, the tables are made anew, and SQLite zeroes the pages of the
// old ones; see remake.
const schema3 = personTable3 + ruleTable + actTable + `
INSERT INTO person_new (id, name, skeleton, session, holder, created, seen, admitted, role)
	SELECT id, name, skeleton, session, holder, created, seen, '', '' FROM person;
DROP TABLE person;
ALTER TABLE person_new RENAME TO person;
ALTER TABLE rule_new RENAME TO rule;
ALTER TABLE act_new RENAME TO act;
`

// personTable3 is personTable before there were former sessions.
const personTable3 = `
CREATE TABLE person_new (
	id       TEXT PRIMARY KEY,
	name     TEXT    NOT NULL,
	skeleton TEXT    UNIQUE,
	session  BLOB    UNIQUE,
	holder   TEXT    NOT NULL,
	created  INTEGER NOT NULL,
	seen     INTEGER NOT NULL,
	admitted TEXT    NOT NULL,
	role     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
`

// schema4: sessions that were issued before the present one are known still.
// person says what they are, and former finds them.
const schema4 = personTable + `
INSERT INTO person_new SELECT *, zeroblob(0) FROM person;
DROP TABLE person;
ALTER TABLE person_new RENAME TO person;
CREATE TABLE former (
	hash   BLOB PRIMARY KEY,
	person TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`

const personTable = `
CREATE TABLE person_new (
	id       TEXT PRIMARY KEY,
	name     TEXT    NOT NULL,
	skeleton TEXT    UNIQUE,   -- null: holds no name
	session  BLOB    UNIQUE,   -- SHA-256 of the token; null: has none
	holder   TEXT    NOT NULL, -- the connection that holds the name; empty: the session does
	created  INTEGER NOT NULL,
	seen     INTEGER NOT NULL,
	admitted TEXT    NOT NULL, -- rooms by invitation, each followed by a slash, which no room's name has
	role     TEXT    NOT NULL, -- at which the session was issued; empty: guest
	former   BLOB    NOT NULL  -- sessions before it: of each the state, 1 byte, and the SHA-256, 32
) STRICT, WITHOUT ROWID;
`

const ruleTable = `
CREATE TABLE rule_new (
	kind    TEXT    NOT NULL,
	room    TEXT    NOT NULL, -- empty: every room
	subject TEXT    NOT NULL,
	value   INTEGER NOT NULL,
	text    TEXT    NOT NULL,
	reason  TEXT    NOT NULL,
	name    TEXT    NOT NULL,
	person  TEXT    NOT NULL, -- who laid it down
	sender  TEXT    NOT NULL, -- and the name then
	at      INTEGER NOT NULL,
	until   INTEGER NOT NULL, -- 0: until it is lifted
	PRIMARY KEY (kind, room, subject)
) STRICT, WITHOUT ROWID;
`

const actTable = `
CREATE TABLE act_new (
	seq    INTEGER PRIMARY KEY,
	at     INTEGER NOT NULL,
	person TEXT    NOT NULL, -- who did it
	sender TEXT    NOT NULL, -- and the name then
	do     TEXT    NOT NULL,
	room   TEXT    NOT NULL,
	whom   TEXT    NOT NULL, -- the person concerned
	name   TEXT    NOT NULL, -- and the name then
	detail TEXT    NOT NULL
) STRICT;
`

// fixed is added to numbers that are overwritten: with it they have 8 bytes.
// https://www.sqlite.org/fileformat.html#record_format
const fixed = 1 << 60
