-- A data file as the last program of schema 2 left it: edited and deleted
-- messages, one without an id, persons with and without a session and a name.
PRAGMA application_id = 1349676153;
PRAGMA user_version = 2;
CREATE TABLE "entry" (
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
INSERT INTO "entry" VALUES(1,1,1,1,1767225600001,'annaannaannaanna','Ánna','a1','good morning',0,1152921504606846976,1152921504606846976,1152921508762970410);
INSERT INTO "entry" VALUES(2,1,2,1,1767225600002,'bertbertbertbert','Bert','b1','it''s "SQL"; ''--
日本 🙂',0,1152921504606846976,1152921504606846976,1152921507769052545);
INSERT INTO "entry" VALUES(3,1,3,1,1767225600003,'annaannaannaanna','Ánna','a2',CAST(zeroblob(11) AS TEXT),0,1152921504606846980,1152921504606846976,1152921508500867542);
INSERT INTO "entry" VALUES(4,1,4,2,1767225600004,'annaannaannaanna','Ánna','a3','second words, and more of them',3,1152921504606846976,1152921504606846976,1152921506974179390);
INSERT INTO "entry" VALUES(5,1,5,1,1767225600005,'bertbertbertbert','Bert','b2',CAST(zeroblob(10) AS TEXT),0,1152921504606846976,1152921504606846982,1152921508009424281);
INSERT INTO "entry" VALUES(6,1,6,3,1767225600006,'bertbertbertbert','Bert','b3','',5,1152921504606846976,1152921504606846976,1152921508831190054);
INSERT INTO "entry" VALUES(7,1,7,1,1767225600007,'bertbertbertbert','Bert','','without an id',0,1152921504606846976,1152921504606846976,1152921505083926472);
INSERT INTO "entry" VALUES(8,2,1,1,1767225600008,'annaannaannaanna','Ánna','a1','elsewhere',0,1152921504606846976,1152921504606846976,1152921508623368184);
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('boot','7388c0e7-ab98-4fc5-95ed-e356ca117dc7');
INSERT INTO "meta" VALUES('closed','yes');
INSERT INTO "meta" VALUES('durability','full');
INSERT INTO "meta" VALUES('epoch','RNKEPW624OGMIX3UESZHPE6KNG');
INSERT INTO "meta" VALUES('run','G4YJA2SMLHNMJKNLK7VONTYJMN');
CREATE TABLE person (
	id       TEXT PRIMARY KEY,
	name     TEXT    NOT NULL,
	skeleton TEXT    UNIQUE,   -- null: holds no name
	session  BLOB    UNIQUE,   -- SHA-256 of the token; null: has none
	holder   TEXT    NOT NULL, -- the connection that holds the name; empty: the session does
	created  INTEGER NOT NULL,
	seen     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "person" VALUES('annaannaannaanna','Ánna','ánna',X'377DA41EBC2B0A2F21284C11CC122DEC3A90FF20341AA254C9E72B6F9B7EE793','',1767225600000,1767225600005);
INSERT INTO "person" VALUES('bertbertbertbert','Bert','bert',NULL,'AAECAwQFBgcICQo=',1767225600001,1767225600001);
INSERT INTO "person" VALUES('carlcarlcarlcarl','Carl',NULL,NULL,'',1767225600002,1767225600002);
CREATE TABLE room (
	id    INTEGER PRIMARY KEY,
	name  TEXT    NOT NULL UNIQUE,
	floor INTEGER NOT NULL DEFAULT 0, -- entries up to this sequence have been trimmed
	head  INTEGER NOT NULL,           -- the newest sequence
	at    INTEGER NOT NULL            -- when the newest entry was made; ms since 1970
) STRICT;
INSERT INTO "room" VALUES(1,'general',0,7,1767225600007);
INSERT INTO "room" VALUES(2,'räume # 1',0,1,1767225600008);
CREATE INDEX room_spoken ON room (at);
CREATE UNIQUE INDEX entry_place ON entry (room, seq);
CREATE UNIQUE INDEX entry_once ON entry (room, person, client) WHERE client <> '';
