package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"kerbscope/analyze"
	"kerbscope/capture"
)

// convertSettings are the flags of convert.
type convertSettings struct {
	captures  []string
	output    string
	allCopies bool
	kerberos  bool
	align     bool
	annotate  bool
	evidence  bool
	quiet     bool
	redact    bool // the command is redact

	analysis settings // of --annotate and --evidence: keys, roles and rules
}

func convertFlags(f *pflag.FlagSet, s *convertSettings) {
	f.BoolVar(&s.allCopies, "all-copies", false, "")
	f.BoolVar(&s.kerberos, "kerberos", false, "")
	f.BoolVar(&s.align, "align", false, "")
	f.BoolVar(&s.annotate, "annotate", false, "")
	f.BoolVar(&s.evidence, "evidence", false, "")
	for _, own := range analysisFlags(&s.analysis) {
		f.AddFlag(own)
	}
}

// analysisFlags are the flags that only an analysis needs: those of analyze.
func analysisFlags(s *settings) []*pflag.Flag {
	f := newFlags("analysis")
	keyFlags(f, s)
	findingFlags(f, s)
	var list []*pflag.Flag
	f.VisitAll(func(f *pflag.Flag) { list = append(list, f) })
	return list
}

func parseConvert(args []string) (s *convertSettings, help bool, err error) {
	s = &convertSettings{}
	f := newFlags("convert")
	convertFlags(f, s)
	if help, err = s.parse("convert", f, args); err == nil && !help {
		err = s.agree(f)
	}
	if err == nil && !help {
		err = s.places(f.NArg(), "convert", "the last name is the file to write: kerbscope convert IN... OUT.pcapng")
	}
	return s, help, err
}

// parse reads the flags of f, and those that every command that writes captures
// has.
func (s *convertSettings) parse(command string, f *pflag.FlagSet, args []string) (help bool, err error) {
	var read []string
	f.StringArrayVarP(&read, "read", "r", nil, "")
	f.StringVarP(&s.output, "output", "o", "", "")
	f.BoolVar(&s.quiet, "quiet", false, "")
	noProgress := f.Bool("no-progress", false, "")
	if err := f.Parse(args); err != nil {
		return errors.Is(err, pflag.ErrHelp), flagError(command, err)
	}
	s.quiet = s.quiet || *noProgress
	s.captures = append(read, f.Args()...)
	return false, nil
}

// places tells what is read from what is written: the last name, unless a flag
// says it.
func (s *convertSettings) places(names int, command, hint string) error {
	if s.output == "" {
		if names == 0 || len(s.captures) < 2 {
			return &failure{exitUsage, command + " wants at least one IN, and OUT", hint}
		}
		s.output = s.captures[len(s.captures)-1]
		s.captures = s.captures[:len(s.captures)-1]
	}
	if len(s.captures) == 0 {
		return &failure{exitUsage, "no IN named", hint}
	}
	return nil
}

// agree refuses flags that do not go together.
func (s *convertSettings) agree(f *pflag.FlagSet) error {
	s.annotate = s.annotate || s.evidence
	for _, own := range analysisFlags(&settings{}) {
		if !s.annotate && f.Changed(own.Name) {
			return &failure{exitUsage, "--" + own.Name + " is for --annotate and --evidence", "a file is converted the same with it and without"}
		}
	}
	switch {
	case s.evidence && s.kerberos:
		return &failure{exitUsage, "--evidence keeps fewer flows than --kerberos", "leave one of them out"}
	case s.annotate && s.allCopies:
		return &failure{exitUsage, "findings do not go with --all-copies", "their frame numbers are those without copies: leave one of them out"}
	}
	return nil
}

// convert writes all captures as one pcapng file, in time order.
func (a *app) convert(args []string) int {
	s, help, err := parseConvert(args)
	if help {
		return a.print(usageConvert)
	}
	if err != nil {
		return a.fail(err)
	}
	inputs, err := a.inputs(&settings{captures: s.captures})
	if err != nil {
		return a.fail(err)
	}
	if err := s.check(a, inputs); err != nil {
		return a.fail(err)
	}
	var o analyze.Options
	if o.Roles, err = roles(s.analysis.roles); err != nil {
		return a.fail(err)
	}
	if o.Rules, err = chosenRules(s.analysis.rules, s.analysis.noRules); err != nil {
		return a.fail(err)
	}
	if err := a.ask(&s.analysis); err != nil {
		return a.fail(err)
	}
	out, err := a.openOutput(s.output, s.analysis.paths(inputs))
	if err != nil {
		return a.fail(err)
	}
	var partial int
	o.Keys, partial = a.keys(&s.analysis)
	p := a.progress(s.quiet, inputs)
	c := &converter{a: a, s: s, p: p, inputs: inputs, options: o, status: partial}
	err = c.run(out)
	p.stop()
	switch {
	case a.ctx.Err() != nil:
		out.abandon()
		return exitPartial
	case err != nil:
		out.abandon()
		return combine(a.written(err), c.status)
	case c.opened == 0:
		out.abandon()
		return c.status
	}
	c.hints()
	return combine(a.written(out.commit()), c.status)
}

// check refuses what cannot be done with these inputs.
func (s *convertSettings) check(a *app, inputs []capture.Input) error {
	for _, in := range inputs {
		if in.Err != nil {
			continue
		}
		if isFile, same := sameAs(a.stdout, in, a.stdin); s.output == "-" && isFile && same {
			return &failure{exitUsage, "the output - is also an input", "write to another file"}
		}
		if in.Path == capture.StandardInput {
			if file, ok := a.stdin.(*os.File); ok && sameFile(file, s.output) {
				return &failure{exitUsage, "the output " + s.output + " is also an input", "write to another file"}
			}
		}
		flag := s.readsTwice()
		if flag == "" {
			continue
		}
		if st, err := os.Stat(in.Path); in.Path == capture.StandardInput || err == nil && !st.Mode().IsRegular() {
			return &failure{exitUsage, flag + " reads its inputs twice, and " + in.Label + " can be read only once", "save it in a file first"}
		}
	}
	if s.output == "-" && isTerminal(a.stdout) {
		return &failure{exitUsage, "a capture is not for a terminal", "name a file to write, or redirect standard output"}
	}
	return nil
}

// readsTwice is the flag that makes convert read its inputs twice; "" for none.
func (s *convertSettings) readsTwice() string {
	switch {
	case s.redact:
		return "redact"
	case s.align:
		return "--align"
	case s.evidence:
		return "--evidence"
	case s.annotate:
		return "--annotate"
	case s.kerberos:
		return "--kerberos"
	}
	return ""
}

// sameAs tells whether w is a plain file, and the one that in is read from.
func sameAs(w any, in capture.Input, stdin any) (isFile, same bool) {
	f, ok := w.(*os.File)
	if !ok {
		return false, false
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return false, false
	}
	if in.Path != capture.StandardInput {
		return true, sameFile(f, in.Path)
	}
	other, ok := stdin.(*os.File)
	if !ok {
		return true, false
	}
	x, err1 := f.Stat()
	y, err2 := other.Stat()
	return true, err1 == nil && err2 == nil && os.SameFile(x, y)
}

func sameFile(f *os.File, path string) bool {
	x, err1 := f.Stat()
	y, err2 := os.Stat(path)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// A converter is one run of convert.
type converter struct {
	a      *app
	s      *convertSettings
	p      *progress
	inputs []capture.Input

	options analyze.Options
	report  *analyze.Report // with --annotate
	notes   *annotations

	redact *redaction // of redact

	status  int // of inputs that could not be read in full
	opened  int // inputs that could be read at all
	clocks  *analyze.Case
	flows   *kerberosFlows
	leftOut []string // labels of inputs of which copies were left out, with counts
	local   []string // labels of inputs whose times are of an unknown zone
}

// fail tells of an input that could not be read, or only in part.
func (c *converter) fail(err error) {
	if err != nil {
		c.status = c.a.fail(err)
	}
}

// run writes the packets of all inputs to out. The error is one of writing.
func (c *converter) run(out *output) error {
	if c.s.align && len(c.inputs) > 1 || c.s.annotate {
		c.analyze()
	}
	switch {
	case c.a.ctx.Err() != nil:
	case c.s.kerberos:
		c.flows = c.findFlows()
	case c.s.evidence:
		c.flows = c.findCited(citedFrames(c.report))
	}
	if c.a.ctx.Err() != nil {
		return nil
	}
	section := capture.Section{Application: "kerbscope " + release}
	if c.s.annotate {
		c.notes = annotationsOf(c.report)
		section.Comment = c.notes.section
	}
	w := capture.NewWriter(out, section)
	m := newMerger(c, w)
	for m.next() {
	}
	if m.err != nil {
		return m.err
	}
	return w.Flush()
}

// analyze finds how the captures' clocks stand to the first one's, and what
// there is to annotate. What cannot be read is told when it is converted.
func (c *converter) analyze() {
	o := c.options
	o.MaxExchanges = 1
	if c.s.annotate {
		o.MaxExchanges = annotatedExchanges
	}
	o.Progress = c.p.update
	read, _ := analyze.Read(c.a.ctx, c.inputs, o)
	if c.s.align && len(c.inputs) > 1 {
		c.clocks = read
	}
	if c.s.annotate {
		c.report = read.Report(o)
	}
}

// annotatedExchanges is how many exchanges are known beside those that
// findings cite: a ticket's issue is found among them.
const annotatedExchanges = 100_000

// reference is a time of an input by the clock of the first one, with --align.
func (c *converter) reference(input int, t int64) int64 {
	if t == capture.NoTime {
		return t
	}
	if c.clocks != nil {
		t = c.clocks.Reference(input, t)
	}
	if c.redact != nil {
		t += c.redact.shift
	}
	return t
}

// hints says what the file written does not show by itself.
func (c *converter) hints() {
	var unrelated []string
	for i := range c.inputs {
		if c.clocks != nil && i > 0 && c.clocks.ClockOf(i).From == "none" && c.inputs[i].Err == nil && !c.sameRing(0, i) {
			unrelated = append(unrelated, c.inputs[i].Label)
		}
	}
	c.hint(unrelated, "%s: nothing ties the clock to the first capture's; times are as recorded")
	c.hint(c.local, "%s: times are of a wall clock whose zone the capture does not tell; written as if it were UTC")
	if c.s.annotate && len(c.report.Findings) == 0 {
		c.a.hint("no finding: " + c.report.Verdict.Summary)
	}
	if c.redact != nil {
		return
	}
	for _, text := range c.leftOut {
		c.a.hint(text)
	}
	if c.flows != nil && c.flows.lost > 0 {
		c.status = combine(c.status, c.a.fail(&failure{exitPartial, fmt.Sprintf("more than %d flows hold Kerberos: %s of the others left out", maxKerberosFlows, plural(c.flows.lost, "message")), "convert fewer captures at a time"}))
	}
}

func (c *converter) sameRing(i, j int) bool {
	return c.inputs[i].Set != 0 && c.inputs[i].Set == c.inputs[j].Set
}

// hint prints one line for a list of labels, if there are any.
func (c *converter) hint(labels []string, format string) {
	if len(labels) == 0 {
		return
	}
	labels = slices.Compact(labels)
	list := strings.Join(labels[:min(len(labels), 3)], ", ")
	if more := len(labels) - 3; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	c.a.hint(fmt.Sprintf(format, list))
}

// hint prints advice for people on standard error.
func (a *app) hint(text string) {
	a.shown.clear()
	fmt.Fprintf(a.stderr, "kerbscope: hint: %s\n", escape(text))
}
