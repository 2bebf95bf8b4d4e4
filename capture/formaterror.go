package capture

import (
	"bytes"
	"fmt"
)

// A FormatError says that a file is no capture, or one of a format that is
// not read.
type FormatError struct {
	Path    string
	What    string // what the file is instead
	Hint    string // what to do about it; empty when there is nothing
	Capture bool   // it does hold packets
}

func (e *FormatError) Error() string {
	return e.Path + ": " + e.What
}

// short is what a file of any format is longer than: one that ends before may
// have been cut off, so that the end is told.
const short = 512

// notACapture says what a file of no known format seems to be.
func notACapture(s *stream) *FormatError {
	e := &FormatError{Path: s.name}
	inside := ""
	if s.nested > 0 {
		inside = " inside the " + s.layer() + " compression"
	}
	h := s.head
	switch {
	case len(h) == 0:
		e.What = "not a capture file: it is empty" + inside
	case len(bytes.Trim(h, "\x00")) == 0:
		e.What = "not a capture file: it begins with zeros" + inside
		if s.whole {
			e.What = "not a capture file: nothing but zeros" + inside
		}
		e.Hint = "the file was probably reserved and never written, or its disk failed: record again"
	case beginsLikeCapture(h):
		e.What = fmt.Sprintf("not a capture file: it ends inside its file header, at byte %d%s", len(h), inside)
		return e
	case isText(h):
		e.What = "not a capture file: it is text" + inside
		e.Hint = "a packet listing cannot be read back: give the capture that it was printed from"
	default:
		e.What = "not a capture file: unknown format" + inside
		e.Hint = fmt.Sprintf("it begins with % x", h[:min(len(h), 8)])
	}
	if s.whole && len(h) > 0 && len(h) < short {
		e.What += fmt.Sprintf("; it ends at byte %d", len(h))
	}
	return e
}

// beginsLikeCapture tells a capture cut inside its file header.
func beginsLikeCapture(h []byte) bool {
	for _, m := range []string{"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d",
		"\x34\xcd\xb2\xa1", "\xa1\xb2\xcd\x34", "\x0a\x0d\x0d\x0a", "GMBU"} {
		if len(h) >= 2 && bytes.HasPrefix([]byte(m), h[:min(len(h), 4)]) {
			return true
		}
	}
	return false
}

// isText: no control characters but blanks, and mostly ASCII; or UTF-16 with
// its byte order mark.
func isText(h []byte) bool {
	if bytes.HasPrefix(h, []byte("\xff\xfe")) || bytes.HasPrefix(h, []byte("\xfe\xff")) {
		return true
	}
	ascii := 0
	for _, c := range h {
		switch {
		case c >= 0x20 && c < 0x7f, c == '\t', c == '\n', c == '\r', c == '\f':
			ascii++
		case c < 0x80:
			return false
		}
	}
	return 2*ascii > len(h)
}
