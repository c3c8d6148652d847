package protocol

import (
	"bytes"

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

// Fill puts elements, encoded already and with commas between them, into an
// array of this name in a frame, where that is empty. It returns the frame as it
// is where there is none, or nothing to put into it.
func Fill(frame []byte, name string, elements []byte) []byte {
	empty := []byte(`"` + name + `":[]`) // in no string of the frame: there a quotation mark has a backslash before it
	at := bytes.Index(frame, empty)
	if at < 0 || len(elements) == 0 {
		return frame
	}
	at += len(empty) - 1
	full := make([]byte, 0, len(frame)+len(elements))
	full = append(full, frame[:at]...)
	full = append(full, elements...)
	return append(full, frame[at:]...)
}
