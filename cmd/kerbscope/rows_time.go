package main

import (
	"slices"
	"strconv"
	"time"

	"kerbscope/capture"
)

// timeFormats are the values of -t, as tshark has them. Times of day are UTC
// whatever the letter: the output does not depend on where it is made.
var timeFormats = []string{"a", "ad", "dd", "e", "r", "u", "ud"}

func checkTimeFormat(format string) error {
	const formats = "the formats are u and a (time of day, UTC), ud and ad (with the date), r (seconds since the first frame), dd (since the line before) and e (since 1970)"
	switch {
	case slices.Contains(timeFormats, format):
		return nil
	case format == "d":
		return &failure{exitUsage, "-t d: packets that are no Kerberos are not listed, nor their times kept", "-t dd is the time since the line before"}
	}
	return &failure{exitUsage, "no time format " + quote(format), formats}
}

// A timeColumn writes the time of each line.
type timeColumn struct {
	format string // one of timeFormats
	first  int64  // of the capture's first frame; NoTime before there is one
	before int64  // of the line before; NoTime before there is one
}

// begin starts a capture.
func (c *timeColumn) begin() { c.first, c.before = capture.NoTime, capture.NoTime }

// saw takes note of the first frame of a batch.
func (c *timeColumn) saw(ns int64) {
	if c.first == capture.NoTime {
		c.first = ns
	}
}

// text is the time ns with that many decimal places; "-" without a time.
func (c *timeColumn) text(b []byte, ns int64, digits int) []byte {
	if ns == capture.NoTime {
		return append(b, '-')
	}
	before := c.before
	c.before = ns
	switch c.format {
	case "r", "dd":
		from := c.first
		if c.format == "dd" {
			from = before
		}
		if from == capture.NoTime {
			from = ns
		}
		return appendSeconds(b, ns-from, digits)
	case "e":
		return appendSeconds(b, ns, digits)
	case "ud", "ad":
		b = time.Unix(0, ns).UTC().AppendFormat(b, "2006-01-02 15:04:05")
	default:
		second := floor(ns, 1e9) % 86400
		if second < 0 {
			second += 86400
		}
		b = appendTwo(append(appendTwo(append(appendTwo(b, second/3600), ':'), second/60%60), ':'), second%60)
	}
	return appendFraction(b, ns-floor(ns, 1e9)*1e9, digits)
}

// floor is a/b rounded down.
func floor(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

func appendTwo(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// appendSeconds writes a length of time in seconds.
func appendSeconds(b []byte, ns int64, digits int) []byte {
	if ns < 0 {
		b, ns = append(b, '-'), -ns
	}
	return appendFraction(strconv.AppendInt(b, ns/1e9, 10), ns%1e9, digits)
}

// appendFraction writes the decimal places of ns nanoseconds within a second.
func appendFraction(b []byte, ns int64, digits int) []byte {
	digits = min(digits, 9)
	if digits <= 0 {
		return b
	}
	var d [9]byte
	for i := 8; i >= 0; i-- {
		d[i], ns = byte('0'+ns%10), ns/10
	}
	return append(append(b, '.'), d[:digits]...)
}
