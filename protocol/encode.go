package protocol

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Encode writes an event as the frame that goes out: JSON without HTML
// escaping, so that a text arrives as it was typed. Bytes that are not UTF-8
// (a name or text damaged in the store) become U+FFFD.
func Encode(event any) []byte {
	b, err := json.Marshal(event, jsontext.AllowInvalidUTF8(true))
	if err != nil { // only a type that cannot be JSON, which is ours alone to send
		panic("protocol: " + err.Error())
	}
	return b
}
