package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rowLines writes rows on one line each, in columns that grow as wider ones
// come: nothing is known of the rows to follow.
type rowLines struct {
	several bool // captures: the frame is told with its capture
	screen  screen
	times   timeColumn
	widths  [4]int // of the columns before the message type
}

func newRowLines(several bool, sc screen, times string) rowLines {
	// Frame numbers and IPv4 addresses of usual length find room from the first line on.
	l := rowLines{several: several, screen: sc, times: timeColumn{format: times}, widths: [4]int{6, 0, 32, 4}}
	l.times.begin()
	return l
}

// A line has times to the microsecond and aims at lineWidth columns: what is
// least needed gives way to that.
const (
	lineDigits = 6
	lineWidth  = 140
)

// maxColumn bounds how far a column grows; wider text only moves its own line.
const maxColumn = 43

// line appends the line of a row whose time is ns, with that many decimal places.
func (l *rowLines) line(b []byte, r *row, ns int64, digits int) []byte {
	begin, start := len(b), len(b)
	if l.several {
		b = append(append(b, escape(r.Capture)...), '#')
	}
	b = strconv.AppendUint(b, r.Frame, 10)
	b = l.right(b, start, 0)
	start = len(b)
	b = l.times.text(b, ns, min(digits, lineDigits))
	b = l.right(b, start, 1)
	start = len(b)
	b = appendAddress(b, r.Src, r.SPort)
	b = append(b, " > "...)
	b = appendAddress(b, r.Dst, r.DPort)
	b = l.left(b, start, 2)
	start = len(b)
	b = append(b, r.Carrier[0]...)
	b = l.left(b, start, 3)
	style := styleBold
	if rowFailed(r) {
		style = styleRed
	}
	if what := rowType(r); what != "" {
		b = append(b, l.screen.paint(style, what)...)
		for n := len(what); n < len("KRB-ERROR"); n++ {
			b = append(b, ' ')
		}
		b = append(b, ' ')
	}
	w := lineWords{b, begin}
	w.details(r)
	w.b = bytes.TrimRight(w.b, " ")
	return append(w.b, '\n')
}

// left fills the column that begins at start with blanks behind its text, and
// adds the blank to the next.
func (l *rowLines) left(b []byte, start, column int) []byte {
	n := utf8.RuneCount(b[start:])
	l.widths[column] = max(l.widths[column], min(n, maxColumn))
	for ; n <= l.widths[column]; n++ {
		b = append(b, ' ')
	}
	return b
}

// right is left with the blanks before the text.
func (l *rowLines) right(b []byte, start, column int) []byte {
	n := utf8.RuneCount(b[start:])
	l.widths[column] = max(l.widths[column], min(n, maxColumn))
	if pad := l.widths[column] - n; pad > 0 {
		b = slices.Grow(b, pad)[:len(b)+pad]
		copy(b[start+pad:], b[start:len(b)-pad])
		for i := range pad {
			b[start+i] = ' '
		}
	}
	return append(b, ' ')
}

func appendAddress(b []byte, a string, port uint16) []byte {
	v6 := strings.IndexByte(a, ':') >= 0
	if v6 {
		b = append(b, '[')
	}
	b = append(b, a...)
	if v6 {
		b = append(b, ']')
	}
	return strconv.AppendUint(append(b, ':'), uint64(port), 10)
}

// rowType is what a row is; "" for a carrier's word, which says so itself.
func rowType(r *row) string {
	switch {
	case r.MsgType != "":
		return r.MsgType
	case r.NTLM != "":
		return "NTLM " + r.NTLM
	}
	return ""
}

// rowFailed tells a row that says no.
func rowFailed(r *row) bool {
	return r.ErrorCode != nil || r.CarrierResult != nil && r.CarrierResult.Outcome == "refused"
}
