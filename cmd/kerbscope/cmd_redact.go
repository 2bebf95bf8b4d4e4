package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"kerbscope/capture"
	"kerbscope/decode"
	"kerbscope/decode/redact"
)

// redactSettings are the flags of redact.
type redactSettings struct {
	convertSettings
	seed    string
	shift   time.Duration
	mapFile string
}

func redactFlags(f *pflag.FlagSet, s *redactSettings) {
	f.BoolVar(&s.align, "align", false, "")
	f.DurationVar(&s.shift, "shift-times", 0, "")
	f.StringVar(&s.seed, "seed", "", "")
	f.StringVar(&s.mapFile, "map", "", "")
}

func parseRedact(args []string) (s *redactSettings, help bool, err error) {
	s = &redactSettings{}
	f := newFlags("redact")
	redactFlags(f, s)
	if help, err = s.parse("redact", f, args); err == nil && !help {
		err = s.places(f.NArg(), "redact", "the last name is the file or folder to write: kerbscope redact IN... OUT.pcapng")
	}
	switch {
	case help || err != nil:
		return nil, help, err
	case s.shift%time.Second != 0:
		return nil, false, &failure{exitUsage, "--shift-times " + s.shift.String(), "times in messages have whole seconds"}
	case s.align && s.toFolder():
		return nil, false, &failure{exitUsage, "--align puts captures into one file", "name a file to write"}
	}
	return s, false, nil
}

// toFolder tells whether every capture gets a file of its own.
func (s *redactSettings) toFolder() bool {
	st, err := os.Stat(s.output)
	return err == nil && st.IsDir() || strings.HasSuffix(s.output, "/") || strings.HasSuffix(s.output, string(filepath.Separator))
}

// ownMap refuses a map in the place of an input or of the output.
func (s *redactSettings) ownMap(inputs []capture.Input) error {
	if s.mapFile == "" {
		return nil
	}
	if s.mapFile == s.output || s.mapFile == "-" {
		return &failure{exitUsage, "--map " + quote(s.mapFile) + " wants a file of its own", ""}
	}
	st, err := os.Stat(s.mapFile)
	if err != nil {
		return nil
	}
	for _, in := range inputs {
		if other, err := os.Stat(in.Path); err == nil && os.SameFile(st, other) {
			return &failure{exitUsage, "the map " + s.mapFile + " is also an input", "name another file with --map"}
		}
	}
	return nil
}

// ownFolder refuses a folder that holds an input: what is to be given away
// would stand among what is not.
func (s *redactSettings) ownFolder(inputs []capture.Input) error {
	st, err := os.Stat(s.output)
	if err != nil {
		return nil
	}
	for _, in := range inputs {
		if in.Path == capture.StandardInput {
			continue
		}
		if other, err := os.Stat(filepath.Dir(in.Path)); err == nil && os.SameFile(st, other) {
			return &failure{exitUsage, "the folder " + s.output + " holds the input " + in.Path, "name another folder, so that redacted captures and others do not mix"}
		}
	}
	return nil
}

// A redaction is what takes the names out of packets.
type redaction struct {
	file   *redact.File
	points map[string]int // an input's label to its capture point: that of its ring set
	shift  int64          // ns
}

// redact writes captures without names and secrets.
func (a *app) redact(args []string) int {
	s, help, err := parseRedact(args)
	if help {
		return a.print(usageRedact)
	}
	if err != nil {
		return a.fail(err)
	}
	inputs, err := a.inputs(&settings{captures: s.captures})
	if err != nil {
		return a.fail(err)
	}
	if err := s.ownMap(inputs); err != nil {
		return a.fail(err)
	}
	s.redact = true
	if err := s.check(a, inputs); err != nil {
		return a.fail(err)
	}
	p := a.progress(s.quiet, inputs)
	r := redact.New(s.seed, s.shift)
	c := &converter{a: a, s: &s.convertSettings, p: p, inputs: inputs, redact: &redaction{file: r.Of(), points: map[string]int{}, shift: r.Shift().Nanoseconds()}}
	jobs := []redactJob{{s.output, inputs}}
	if s.toFolder() {
		if err := s.ownFolder(inputs); err != nil {
			p.stop()
			return a.fail(err)
		}
		if err := os.MkdirAll(s.output, 0o777); err != nil {
			return a.fail(&failure{exitWrite, "cannot write " + s.output + ": " + plainError(err), ""})
		}
		jobs = redactFiles(s.output, inputs)
	}
	outs, err := a.openOutputs(jobs, inputs)
	if err != nil {
		p.stop()
		return a.fail(err)
	}
	c.collect()
	if s.align && len(inputs) > 1 && a.ctx.Err() == nil {
		c.analyze()
	}
	for i := 0; err == nil && i < len(jobs) && a.ctx.Err() == nil; i++ {
		c.inputs = jobs[i].inputs
		err = c.write(outs[i])
	}
	p.stop()
	if err != nil || a.ctx.Err() != nil || c.opened == 0 {
		for _, out := range outs {
			out.abandon()
		}
		if a.ctx.Err() != nil {
			return exitPartial
		}
		return combine(a.written(err), c.status)
	}
	c.inputs = inputs
	c.hints()
	status := c.status
	for _, out := range outs {
		status = combine(status, a.written(out.commit()))
	}
	if len(inputs) > 1 && !s.toFolder() && s.output != "-" && filepath.Ext(s.output) == "" {
		a.hint(s.output + " is one file with all captures; for a folder with a file for each: " + s.output + "/")
	}
	if s.mapFile != "" {
		status = combine(status, a.writeMap(s.mapFile, r.Map()))
	}
	return status
}

// write writes the packets of all inputs, redacted.
func (c *converter) write(out *output) error {
	w := capture.NewWriter(out, capture.Section{Application: "kerbscope " + release, Comment: "redacted"})
	m := newMerger(c, w)
	for m.next() {
	}
	if m.err != nil {
		return m.err
	}
	return w.Flush()
}

// collect reads all inputs twice: for the flows to keep and what they carry,
// and for what they hold.
func (c *converter) collect() {
	k := &understood{file: c.redact.file}
	pool := capture.NewPool(4)
	for at, rest := 0, c.inputs; len(rest) > 0 && c.a.ctx.Err() == nil; {
		set := ringSet(rest)
		k.point = at
		d := decode.New(decode.Options{}, k)
		for i, in := range set {
			c.redact.points[in.Label] = at
			// What cannot be read is told when it is written.
			c.a.readInput(in, pool, c.p, func(b *capture.Batch, _ capture.Info) error {
				d.Batch(i, b)
				return nil
			})
		}
		d.Close()
		at += len(set)
		rest = rest[len(set):]
	}
	for _, in := range c.inputs {
		c.a.readInput(in, pool, c.p, func(b *capture.Batch, _ capture.Info) error {
			for i := range b.Records {
				c.redact.file.Collect(c.redact.points[in.Label], b.Packet(i))
			}
			b.Release()
			return nil
		})
	}
	c.redact.file.Seal()
}

// understood keeps the flows that decode says something of.
type understood struct {
	file  *redact.File
	point int
}

// Message keeps the flow of a row. What a KDC's port carries is known anyway.
func (k *understood) Message(m *decode.Message) {
	proto := uint8(protoTCP)
	if m.Transport == decode.UDP {
		proto = protoUDP
	}
	carrier := ""
	if len(m.Carrier) > 0 {
		carrier = m.Carrier[0]
	}
	k.file.Keep(k.point, proto, m.Src, m.Dst, carrier, false)
}

// Session keeps a connection.
func (k *understood) Session(s *decode.Session) {
	k.file.Keep(k.point, protoTCP, s.Client, s.Server, s.Carrier, true)
}

// Sighting keeps the flow that a fact is about.
func (k *understood) Sighting(g *decode.Sighting) {
	proto := uint8(protoTCP)
	if g.Transport == decode.UDP {
		proto = protoUDP
	}
	k.file.Keep(k.point, proto, g.Src, g.Dst, "", false)
}

func (k *understood) Exchange(*decode.Exchange) {}

// A redactJob is one file to write and what goes into it.
type redactJob struct {
	path   string
	inputs []capture.Input
}

// redactFiles names a file for each input; what they were called says too much.
func redactFiles(folder string, inputs []capture.Input) (jobs []redactJob) {
	n := 0
	for rest := inputs; len(rest) > 0; n++ {
		set := ringSet(rest)
		for i := range set {
			name := "capture-" + letterNumber(n)
			if len(set) > 1 {
				name += fmt.Sprintf("_%05d", i+1)
			}
			jobs = append(jobs, redactJob{filepath.Join(folder, name+".pcapng"), set[i : i+1]})
		}
		rest = rest[len(set):]
	}
	return jobs
}

// letterNumber counts a, b, … z, aa, ab, …: digits would look like those of a
// ring of files.
func letterNumber(n int) string {
	s := string(rune('a' + n%26))
	if n >= 26 {
		s = letterNumber(n/26-1) + s
	}
	return s
}

func (a *app) openOutputs(jobs []redactJob, inputs []capture.Input) (outs []*output, err error) {
	paths := (&settings{}).paths(inputs)
	for _, j := range jobs {
		out, err := a.openOutput(j.path, paths)
		if err != nil {
			for _, o := range outs {
				o.abandon()
			}
			return nil, err
		}
		outs = append(outs, out)
	}
	return outs, nil
}

// writeMap writes what stands for what, for the eyes of its owner.
func (a *app) writeMap(path string, of map[string]string) int {
	out, err := a.openOutputMode(path, nil, 0o600)
	if err != nil {
		return a.fail(err)
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(of); err != nil { // in the order of the pseudonyms
		out.abandon()
		return a.written(err)
	}
	return a.written(out.commit())
}
