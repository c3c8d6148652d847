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

// Array is a field of an event that is an array, with its elements, encoded already.
type Array struct {
	Name     string
	Elements [][]byte
}

// Bytes is how many bytes the elements add to a frame.
func (a Array) Bytes() (n int) {
	for _, e := range a.Elements {
		n += len(e) + 1
	}
	return max(0, n-1)
}

// Fill puts elements into arrays of a frame that are empty in it, in the order in
// which the frame has them. It returns the frame as it is where nothing is put in.
func Fill(frame []byte, arrays ...Array) []byte {
	size := len(frame)
	for _, a := range arrays {
		size += a.Bytes()
	}
	if size == len(frame) {
		return frame
	}
	full := make([]byte, 0, size)
	for _, a := range arrays {
		empty := `"` + a.Name + `":[]` // in no string of the frame: there a quotation mark has a backslash before it
		at := bytes.Index(frame, []byte(empty))
		if at < 0 {
			panic("protocol: a frame has no empty array " + a.Name)
		}
		at += len(empty) - 1
		full = append(full, frame[:at]...)
		for i, e := range a.Elements {
			if i > 0 {
				full = append(full, ',')
			}
			full = append(full, e...)
		}
		frame = frame[at:]
	}
	return append(full, frame...)
}
