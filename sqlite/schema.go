package sqlite

// migrations make the schema. One that has been released never changes: to
// change the schema, append another.
var migrations = []migration{schema1}

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
