package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

const (
	maxLine      = 8 << 10 // bytes of a line; the rest of it is dropped
	outputPeriod = time.Second
	outputLines  = 1000      // in a period; what is more is dropped, and counted
	outputBytes  = 256 << 10 // the same
)

// output passes what a process prints on to the log, line by line and not without bounds. One goroutine writes to it.
type output struct {
	log  *slog.Logger
	line []byte // that has not ended
	cut  bool   // the line is too long

	since        time.Time // when the period began
	lines, bytes int       // of this period
	dropped      int       // lines
}

func (o *output) Write(b []byte) (int, error) {
	size := len(b)
	for len(b) > 0 {
		part, rest, ended := bytes.Cut(b, []byte("\n"))
		if room := maxLine - len(o.line); len(part) > room {
			part, o.cut = part[:room], true
		}
		o.line = append(o.line, part...)
		if b = rest; ended {
			o.flush()
		}
	}
	return size, nil
}

// flush ends a line.
func (o *output) flush() {
	line := bytes.TrimRight(o.line, "\r \t")
	if len(line) > 0 && o.allowed(len(line)) {
		text := string(bytes.ToValidUTF8(line, []byte("?")))
		if o.cut {
			text += "…"
		}
		o.log.Log(context.Background(), level(line), text)
	}
	o.line, o.cut = o.line[:0], false
}

// allowed counts a line; false: it is dropped.
func (o *output) allowed(size int) bool {
	if now := time.Now(); now.Sub(o.since) > outputPeriod {
		o.since, o.lines, o.bytes, o.dropped = now, 0, 0, 0
	}
	o.lines, o.bytes = o.lines+1, o.bytes+size
	if o.lines <= outputLines && o.bytes <= outputBytes {
		return true
	}
	if o.dropped++; o.dropped == 1 {
		o.log.Warn("the function prints too much: what is above 1,000 lines or 256 KB a second is dropped; have it print less")
	}
	return false
}

// level is what a line of JSON says its own is, as Lambda reads it too; any other line informs.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func level(line []byte) (l slog.Level) {
	var said struct{ Level string }
	if line[0] != '{' || json.Unmarshal(line, &said) != nil || l.UnmarshalText([]byte(said.Level)) != nil {
		return slog.LevelInfo
	}
	return l
}
