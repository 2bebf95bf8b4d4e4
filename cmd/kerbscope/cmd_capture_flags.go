package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"kerbscope/analyze"
	"kerbscope/capture"
	"kerbscope/capture/live"
)

// captureSettings are the flags of capture; those that it shares with analyze
// are in settings.
type captureSettings struct {
	settings
	interfaces []string
	list       bool // -D
	filter     string
	filtered   bool // -f was given
	allPorts   bool
	snapLen    int
	calm       bool // -p: not promiscuous

	read   string // -r, or - as an argument
	follow bool

	keep    string // -w
	ring    ringSettings
	packets uint64        // -c, -a packets:
	length  time.Duration // -a duration:

	interval time.Duration
	window   time.Duration

	evidence     string // folder
	evidenceAge  time.Duration
	evidenceSize int64 // bytes of memory

	logs    []string // --log
	metrics string   // address
}

// ringSettings are those of -b; zero: no limit.
type ringSettings struct {
	bytes int64
	age   time.Duration
	files int
}

func (r ringSettings) on() bool { return r.bytes > 0 || r.age > 0 }

const (
	defaultEvidenceMB  = 64
	defaultEvidenceAge = 120 * time.Second
	defaultInterval    = time.Minute
)

// evidenceRoom is how many bytes --evidence may take.
func (s *captureSettings) evidenceRoom() int64 {
	if s.evidence == "" {
		return 0
	}
	return s.evidenceSize
}

func captureFlags(f *pflag.FlagSet, s *captureSettings, ring, stops *[]string) {
	f.StringArrayVarP(&s.interfaces, "interface", "i", nil, "")
	f.BoolVarP(&s.list, "list-interfaces", "D", false, "")
	f.StringVarP(&s.filter, "filter", "f", "", "")
	f.BoolVar(&s.allPorts, "all-ports", false, "")
	f.IntVarP(&s.snapLen, "snapshot-length", "s", 0, "")
	f.BoolVarP(&s.calm, "no-promiscuous-mode", "p", false, "")
	f.StringVarP(&s.read, "read", "r", "", "")
	f.BoolVar(&s.follow, "follow", false, "")
	f.StringVarP(&s.keep, "write", "w", "", "")
	f.StringArrayVarP(ring, "ring-buffer", "b", nil, "")
	f.StringArrayVarP(stops, "autostop", "a", nil, "")
	f.Uint64VarP(&s.packets, "count", "c", 0, "")
	f.DurationVar(&s.interval, "interval", defaultInterval, "")
	f.DurationVar(&s.window, "window", analyze.DefaultWindow, "")
	f.StringVar(&s.evidence, "evidence", "", "")
	f.DurationVar(&s.evidenceAge, "evidence-age", defaultEvidenceAge, "")
	f.Int64Var(&s.evidenceSize, "evidence-memory", defaultEvidenceMB, "")
	f.StringArrayVar(&s.logs, "log", nil, "")
	f.StringVar(&s.metrics, "metrics", "", "")
	f.String("config", "", "")
}

// parseCapture reads the flags of capture.
func parseCapture(args []string) (s *captureSettings, help bool, err error) {
	s = &captureSettings{}
	f := newFlags("capture")
	var ring, stops []string
	captureFlags(f, s, &ring, &stops)
	keyFlags(f, &s.settings)
	f.StringVar(&s.format, "format", "text", "")
	f.StringVarP(&s.output, "output", "o", "", "")
	f.StringVar(&s.color, "color", "auto", "")
	f.BoolVar(&s.quiet, "quiet", false, "")
	f.Var(&s.memory, "max-memory", "")
	noProgress := f.Bool("no-progress", false, "")
	analyzeFlags(f, &s.settings)
	if err := f.Parse(args); err != nil {
		return nil, errors.Is(err, pflag.ErrHelp), flagError("capture", err)
	}
	if path := f.Lookup("config").Value.String(); path != "" {
		if err := readConfig(f, "capture", path); err != nil {
			return nil, false, err
		}
	}
	if err := forgottenValue(f); err != nil {
		return nil, false, err
	}
	if f.Changed("count") && s.packets == 0 {
		return nil, false, &failure{exitUsage, "-c 0", "N is 1 or more; without -c it goes on until it is ended"}
	}
	s.quiet = s.quiet || *noProgress
	s.filtered = f.Changed("filter")
	s.evidenceSize <<= 20
	switch rest := f.Args(); {
	case len(rest) == 0:
	case len(rest) == 1 && rest[0] == capture.StandardInput && s.read == "":
		s.read = capture.StandardInput
	default:
		return nil, false, &failure{exitUsage, "capture does not take " + quote(rest[0]), "interfaces are named with -i; files are analyzed: kerbscope " + rest[0]}
	}
	for _, v := range ring {
		if err := s.addRing(v); err != nil {
			return nil, false, err
		}
	}
	for _, v := range stops {
		if err := s.addStop(v); err != nil {
			return nil, false, err
		}
	}
	return s, false, s.checkCapture()
}

// addRing reads a value of -b, as dumpcap does; a kB is 1000 bytes.
func (s *captureSettings) addRing(v string) error {
	n, err := limit(v, "-b", "filesize", "duration", "files")
	switch name, _, _ := strings.Cut(v, ":"); {
	case err != nil:
		return err
	case name == "filesize":
		s.ring.bytes = int64(n) * 1000
	case name == "duration":
		s.ring.age = time.Duration(n) * time.Second
	default:
		s.ring.files = int(n)
	}
	return nil
}

// addStop reads a value of -a.
func (s *captureSettings) addStop(v string) error {
	n, err := limit(v, "-a", "duration", "packets")
	switch name, _, _ := strings.Cut(v, ":"); {
	case err != nil:
		return err
	case name == "duration":
		s.length = time.Duration(n) * time.Second
	default:
		s.packets = n
	}
	return nil
}

func limit(v, flag string, names ...string) (uint64, error) {
	name, number, _ := strings.Cut(v, ":")
	n, err := strconv.ParseUint(number, 10, 31)
	units := make([]string, len(names))
	for i, n := range names {
		unit := map[string]string{"filesize": "KB", "duration": "SECONDS"}[n]
		units[i] = n + ":" + cmp.Or(unit, "NUMBER")
	}
	if !slices.Contains(names, name) || err != nil || n == 0 {
		return 0, &failure{exitUsage, flag + " does not take " + quote(v), "it is " + flag + " " + strings.Join(units, ", "+flag+" ") + "; the number is above 0"}
	}
	return n, nil
}

func (s *captureSettings) checkCapture() error {
	usage := "see: kerbscope capture -h"
	if s.list {
		return nil
	}
	s.captures = []string{"live"} // what the other commands want, for the checks in common
	if err := s.check("capture"); err != nil {
		return err
	}
	switch {
	case s.maxExchanges < 1:
		return &failure{exitUsage, fmt.Sprintf("--max-exchanges %d", s.maxExchanges), "N is 1 or more"}
	case len(s.interfaces) == 0 && s.read == "":
		return &failure{exitUsage, "no interface named", "kerbscope capture -i INTERFACE; kerbscope capture -D lists them"}
	case len(s.interfaces) > 0 && s.read != "":
		return &failure{exitUsage, "-i and -r do not go together", "packets come from interfaces, from a file or from standard input"}
	case s.follow && (s.read == "" || s.read == capture.StandardInput):
		return &failure{exitUsage, "--follow wants -r FILE", usage}
	case s.read != "" && s.read != capture.StandardInput && !s.follow:
		return &failure{exitUsage, "capture -r FILE reads a file that grows: --follow is missing", "a file that is complete is analyzed: kerbscope " + s.read}
	case s.read != "" && (s.filtered || s.allPorts || s.snapLen != 0 || s.calm):
		return &failure{exitUsage, "-f, -s, -p and --all-ports are for interfaces", "filter where the packets are captured"}
	case s.filtered && s.allPorts:
		return &failure{exitUsage, "-f and --all-ports do not go together", usage}
	case s.snapLen < 0:
		return &failure{exitUsage, fmt.Sprintf("-s %d", s.snapLen), "SNAPLEN is in bytes; 0 is whole packets"}
	case (s.ring.on() || s.ring.files > 0) && s.keep == "":
		return &failure{exitUsage, "-b wants -w FILE", usage}
	case s.ring.files > 0 && !s.ring.on():
		return &failure{exitUsage, "-b files:N wants -b filesize:KB or -b duration:S too", usage}
	case s.interval < time.Second:
		return &failure{exitUsage, "--interval " + s.interval.String(), "it is a second or more, for example 30s or 5m"}
	case s.window < time.Minute:
		return &failure{exitUsage, "--window " + s.window.String(), "it is a minute or more, for example 10h"}
	case s.memory != 0 && int64(s.memory)-s.evidenceRoom() < leastMemory:
		return &failure{exitUsage, "--max-memory leaves too little beside --evidence-memory", "make the former larger or the latter smaller"}
	case s.evidenceAge < time.Second || s.evidenceSize < 1<<20 || s.evidenceSize > 1<<40:
		return &failure{exitUsage, "--evidence-age and --evidence-memory are a second and a megabyte or more", usage}
	}
	if s.filter != "" {
		if err := live.CheckFilter(s.filter); err != nil {
			return &failure{exitUsage, "-f: " + err.Error(), "for example: -f 'host 10.0.0.20 or port 88'; without -f what may carry Kerberos is captured"}
		}
	}
	return nil
}
