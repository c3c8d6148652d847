package protocol

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

var errNotObject = errors.New("it has to begin with {")

// atEnd reports what follows the object, if anything does.
func atEnd(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != io.EOF {
		return errors.New("something follows its closing }")
	}
	return nil
}

// plainly says a syntax error to somebody who did not write the decoder.
func plainly(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errors.New("a key stands in it twice")
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return errors.New("syntax error at byte " + strconv.FormatInt(syntactic.ByteOffset, 10))
	}
	return err
}

// nestsDeeper tells whether brackets and braces outside strings nest deeper
// than limit. It needs no valid JSON: it goes before the decoder, which would
// follow 10,000 levels.
func nestsDeeper(frame []byte, limit int) bool {
	depth, inString := 0, false
	for i := 0; i < len(frame); i++ {
		switch c := frame[i]; {
		case inString:
			if c == '\\' {
				i++
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// quotedBytes is how long a text is as JSON, quotes included.
func quotedBytes(s string) int {
	if 6*len(s)+2 <= MaxTextBytes { // \u0000 is the longest escape
		return len(s) + 2 // exact enough below the limit
	}
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return MaxFrameBytes
	}
	return len(b)
}

// comma writes 8000 as 8,000.
func comma(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// shorten keeps an error's sentence readable whatever was sent.
func shorten(s string) string {
	const most = 40 // bytes
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
