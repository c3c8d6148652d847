package sqlite

import (
	"encoding/binary"
	"hash/crc32"

	"parley/chat"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C of all that an entry says, its room and sequence
// included, so that an entry that turns up in another's place is noticed too.
// Each field's length goes before it: no two entries have the same encoding.
// buffer may be nil; it is returned, grown, for the next call.
func checksum(buffer []byte, room string, e *chat.Entry) (uint32, []byte) {
	b := buffer[:0]
	for _, field := range [...]string{room, e.Person, e.From, e.ID, e.Text} {
		b = binary.AppendUvarint(b, uint64(len(field)))
		b = append(b, field...)
	}
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendUvarint(b, uint64(e.Kind))
	b = binary.AppendVarint(b, e.At)
	b = binary.AppendUvarint(b, e.Target)
	if e.Edited != 0 || e.Deleted != 0 { // those from schema 1 have neither
		b = binary.AppendUvarint(b, e.Edited)
		b = binary.AppendUvarint(b, e.Deleted)
	}
	return crc32.Checksum(b, castagnoli), b
}
