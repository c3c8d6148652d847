package protocol

import "hash/fnv"

// Hue is the colour of a person: a hue in degrees, 0 to 359, from the person's
// id alone, so that every page finds the same one. Lightness and chroma are the
// page's, for the contrast they need. It is FNV-1a of 32 bits, modulo 360.
func Hue(personID string) int {
	h := fnv.New32a()
	h.Write([]byte(personID))
	return int(h.Sum32() % 360)
}
