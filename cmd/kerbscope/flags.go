package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// settings are the flags of analyze and decode.
type settings struct {
	captures []string // --read and arguments, in that order
	format   string
	output   string
	color    string
	quiet    bool
	maxFlows int // 0: decode's own limit
	memory   memorySize

	keytabs       []string
	keyFiles      []string
	passwordFiles []string
	ask           []string // principals whose password is asked for
	asked         []askedPassword

	roles        []string
	rules        []string
	noRules      []string
	failOn       string
	maxExchanges int
	brief        bool

	times  string // -t
	tree   bool   // -V
	filter rowFilter
}

// parseInput reads the flags of analyze or decode. help is true when they were
// asked for with -h.
func parseInput(command string, args []string) (s *settings, help bool, err error) {
	s = &settings{}
	f := newFlags(command)
	var read []string
	f.StringArrayVarP(&read, "read", "r", nil, "")
	keyFlags(f, s)
	f.StringVar(&s.format, "format", "text", "")
	f.StringVarP(&s.output, "output", "o", "", "")
	f.StringVar(&s.color, "color", "auto", "")
	f.BoolVar(&s.quiet, "quiet", false, "")
	f.IntVar(&s.maxFlows, "max-flows", 0, "")
	f.Var(&s.memory, "max-memory", "")
	noProgress := f.Bool("no-progress", false, "")
	var filters []string
	if command == "analyze" {
		analyzeFlags(f, s)
	} else {
		decodeFlags(f, s, &filters)
	}
	if err := f.Parse(args); err != nil {
		return nil, errors.Is(err, pflag.ErrHelp), flagError(command, err)
	}
	if err := forgottenValue(f); err != nil {
		return nil, false, err
	}
	s.quiet = s.quiet || *noProgress
	s.captures = append(read, f.Args()...)
	if err := s.check(command); err != nil {
		return nil, false, err
	}
	if s.filter, err = parseFilters(filters); err != nil {
		return nil, false, err
	}
	return s, false, nil
}

// keyFlags are what opens messages.
func keyFlags(f *pflag.FlagSet, s *settings) {
	f.StringArrayVarP(&s.keytabs, "keytab", "k", nil, "")
	f.StringArrayVar(&s.keyFiles, "key-file", nil, "")
	f.StringArrayVar(&s.passwordFiles, "password-file", nil, "")
	f.StringArrayVar(&s.ask, "ask", nil, "")
}

// findingFlags are what findings depend on beside the captures.
func findingFlags(f *pflag.FlagSet, s *settings) {
	f.StringArrayVar(&s.roles, "role", nil, "")
	f.StringSliceVar(&s.rules, "rule", nil, "")
	f.StringSliceVar(&s.noRules, "no-rule", nil, "")
}

func analyzeFlags(f *pflag.FlagSet, s *settings) {
	findingFlags(f, s)
	f.StringVar(&s.failOn, "fail-on", "", "")
	f.IntVar(&s.maxExchanges, "max-exchanges", 10000, "")
	f.BoolVar(&s.brief, "brief", false, "")
}

func decodeFlags(f *pflag.FlagSet, s *settings, filters *[]string) {
	f.StringVarP(&s.times, "time", "t", "", "")
	f.BoolVarP(&s.tree, "verbose", "V", false, "")
	f.StringArrayVar(filters, "filter", nil, "")
}

func newFlags(command string) *pflag.FlagSet {
	f := pflag.NewFlagSet(command, pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.SortFlags = false
	f.Usage = func() {}
	return f
}

func (s *settings) check(command string) error {
	usage := "see: kerbscope " + command + " -h"
	formats := []string{"text", "json", "ndjson"}
	if command != "decode" {
		formats = append(formats, "html")
	}
	switch {
	case s.format == "html" && command == "decode":
		return &failure{exitUsage, "decode does not write html", "analyze does: kerbscope --format html -o report.html CAPTURE..."}
	case !slices.Contains(formats, s.format):
		return &failure{exitUsage, "no format " + quote(s.format), didYouMean(s.format, formats, "the formats are "+join(formats))}
	case !slices.Contains([]string{"auto", "always", "never"}, s.color):
		return &failure{exitUsage, "--color " + quote(s.color), "WHEN is auto, always or never"}
	case s.failOn != "" && !slices.Contains([]string{"error", "warning", "note"}, s.failOn):
		return &failure{exitUsage, "--fail-on " + quote(s.failOn), "SEV is error, warning or note"}
	case command == "analyze" && s.maxExchanges < 1:
		return &failure{exitUsage, fmt.Sprintf("--max-exchanges %d", s.maxExchanges), "N is 1 or more"}
	case s.maxFlows < 0 || s.maxFlows > 1<<20:
		return &failure{exitUsage, fmt.Sprintf("--max-flows %d", s.maxFlows), "N is 1 to 1048576"}
	case s.brief && s.format != "text":
		return &failure{exitUsage, "--brief belongs to --format text", "leave one of them out"}
	case s.tree && s.format != "text":
		return &failure{exitUsage, "-V belongs to --format text", "json and ndjson hold every field anyway"}
	case s.times != "" && (s.format != "text" || s.tree):
		return &failure{exitUsage, "-t belongs to --format text without -V", "elsewhere times are RFC 3339 in UTC"}
	case s.times != "" && checkTimeFormat(s.times) != nil:
		return checkTimeFormat(s.times)
	case len(s.captures) == 0:
		return &failure{exitUsage, "no CAPTURE named", usage}
	}
	return nil
}

// flagError says in our words what pflag found wrong.
func flagError(command string, err error) error {
	hint := "see: kerbscope " + command + " -h"
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return &failure{exitUsage, command + " has no flag -" + name[:1], hint}
		}
		if command != "analyze" && slices.Contains(flagNames("analyze"), name) {
			return &failure{exitUsage, command + " has no flag --" + name, "--" + name + " belongs to analyze; " + hint}
		}
		if command != "decode" && slices.Contains(flagNames("decode"), name) {
			return &failure{exitUsage, command + " has no flag --" + name, "--" + name + " belongs to decode; see: kerbscope decode -h"}
		}
		return &failure{exitUsage, command + " has no flag --" + name, didYouMeanFlag(name, flagNames(command), hint)}
	case errors.As(err, &missing):
		return &failure{exitUsage, "--" + missing.GetFlag().Name + " wants a value", hint}
	case errors.As(err, &invalid):
		if f, ok := errors.AsType[*failure](invalid.Unwrap()); ok {
			return f
		}
		switch invalid.GetFlag().Value.Type() {
		case "duration":
			hint = "it takes a time with its unit: 30s, 90m or 10h"
		case "int", "int64", "uint64":
			hint = "it takes a whole number"
		}
		return &failure{exitUsage, "--" + invalid.GetFlag().Name + " does not take " + quote(invalid.GetValue()), hint}
	}
	return &failure{exitUsage, err.Error(), hint}
}

// forgottenValue finds a flag that took the next flag for its value:
// "--log --quiet". Who means such a file writes ./--quiet.
func forgottenValue(f *pflag.FlagSet) (err error) {
	f.Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			name, long := strings.CutPrefix(v, "--")
			if name, _, _ = strings.Cut(name, "="); err == nil && long && name != "" && f.Lookup(name) != nil {
				err = &failure{exitUsage, "--" + flag.Name + " wants a value", "what follows it is the flag --" + name}
			}
		}
	})
	return err
}

// flagNames lists the long flags of analyze or decode.
func flagNames(command string) []string {
	names := []string{"read", "keytab", "key-file", "password-file", "ask", "format", "output", "color", "quiet", "max-flows", "max-memory", "no-progress", "help"}
	f := newFlags(command)
	switch command {
	case "analyze":
		analyzeFlags(f, &settings{})
	case "decode":
		decodeFlags(f, &settings{}, &[]string{})
	case "capture":
		captureFlags(f, &captureSettings{}, &[]string{}, &[]string{})
		analyzeFlags(f, &settings{})
	case "convert":
		names = []string{"read", "output", "quiet", "no-progress", "help"}
		convertFlags(f, &convertSettings{})
	case "redact":
		names = []string{"read", "output", "quiet", "no-progress", "help"}
		redactFlags(f, &redactSettings{})
	}
	f.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

func didYouMeanFlag(name string, names []string, otherwise string) string {
	if n := nearest(name, names); n != "" {
		return "did you mean --" + n + "?"
	}
	return otherwise
}

func didYouMean(name string, names []string, otherwise string) string {
	if n := nearest(name, names); n != "" {
		return "did you mean " + n + "? " + otherwise
	}
	return otherwise
}

// nearest is the name that a typing error away name could stand for: a prefix
// of one name only, or at most a third of the letters different.
func nearest(name string, names []string) string {
	name = strings.ToLower(name)
	best, bestDistance := "", len(name)/3+2
	for _, n := range names {
		d := distance(name, strings.ToLower(n))
		if len(name) >= 3 && (strings.HasPrefix(n, name) || strings.Contains(n, name)) {
			d = 1
		}
		if d < bestDistance {
			best, bestDistance = n, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or change (Levenshtein).
// Both are cut at 64 bytes: nobody types longer names wrong and wants help.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
