package main

import (
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
)

// What --max-memory divides up, in bytes.
const (
	// ownMemory is for the program, its buffers and what the collector has not
	// taken yet.
	ownMemory = 60_000_000
	// usualMemory is what the limits of analyze and decode are made for.
	usualMemory = 200_000_000
	// usualLive is what they need with capture, where the findings are looked
	// at while packets come in.
	usualLive   = 250_000_000
	leastMemory = 80_000_000
	mostMemory  = 64_000_000_000
)

// A memorySize is the value of --max-memory: bytes, 0: not given.
type memorySize int64

var sizeText = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([KMGT])(I?)B?$`)

func (m *memorySize) Set(text string) error {
	part := sizeText.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(text)))
	if part == nil {
		return &failure{exitUsage, "--max-memory " + quote(text), "SIZE is a number and MB, GB, MiB or GiB: --max-memory 500MB"}
	}
	v, _ := strconv.ParseFloat(part[1], 64)
	unit := 1000.0
	if part[3] != "" {
		unit = 1024
	}
	for range strings.Index("KMGT", part[2]) + 1 {
		v *= unit
	}
	if v < leastMemory || v > mostMemory {
		return &failure{exitUsage, "--max-memory " + quote(text), "SIZE is 80MB to 64GB"}
	}
	*m = memorySize(v)
	return nil
}

func (m *memorySize) String() string { return strconv.FormatInt(int64(*m), 10) }
func (m *memorySize) Type() string   { return "size" }

// share is the share of the usual memory that is left for what the limits
// bound, when beside the program so many bytes serve something else; 0: not given.
func (m memorySize) share(usual, beside int64) float64 {
	if m == 0 {
		return 0
	}
	return max(float64(int64(m)-ownMemory-beside)/float64(usual-ownMemory), 0.05)
}

// limitMemory tells the runtime where to begin to collect garbage harder: below
// what is allowed, as the program itself takes some.
func (m memorySize) limitMemory() {
	if m != 0 && ownProcess && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m) / 5 * 4)
	}
}
