package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"kerbscope/capture"
	"kerbscope/decode"
)

// decode lists the messages of every capture, one after the other.
func (a *app) decode(args []string) int {
	s, help, err := parseInput("decode", args)
	if help {
		return a.print(usageDecode)
	}
	if err != nil {
		return a.fail(err)
	}
	if err := a.ask(s); err != nil {
		return a.fail(err)
	}
	inputs, err := a.inputs(s)
	if err != nil {
		return a.fail(err)
	}
	out, err := a.openOutput(s.output, s.paths(inputs))
	if err != nil {
		return a.fail(err)
	}
	s.memory.limitMemory()
	keys, partial := a.keys(s)
	p := a.progress(s.quiet, inputs)
	rows := newRowWriter(out.Writer, s, screenOf(out.w, s.color), len(inputs) > 1)
	rows.begin()
	for len(inputs) > 0 && rows.err == nil && a.ctx.Err() == nil {
		set := ringSet(inputs)
		if a.decodeSet(set, decode.Options{Keys: keys, Flows: s.maxFlows, Share: s.memory.share(usualMemory, 0)}, rows, p) != exitOK {
			partial = exitPartial
		}
		inputs = inputs[len(set):]
	}
	rows.end()
	p.stop()
	if a.ctx.Err() != nil {
		out.abandon()
		return exitPartial
	}
	if rows.err != nil {
		out.abandon()
		return combine(a.written(rows.err), partial)
	}
	return combine(a.written(out.commit()), partial)
}

// ringSet is the inputs at the front that are one capture in several files.
func ringSet(inputs []capture.Input) []capture.Input {
	n := 1
	for inputs[0].Set != 0 && n < len(inputs) && inputs[n].Set == inputs[0].Set {
		n++
	}
	return inputs[:n]
}

// decodeSet reads the files of one capture through one Decoder.
func (a *app) decodeSet(set []capture.Input, o decode.Options, rows *rowWriter, p *progress) int {
	status := exitOK
	rows.set = make([]rowSource, len(set))
	rows.lines.times.begin()
	d := decode.New(o, rows)
	pool := capture.NewPool(4)
	for i, in := range set {
		rows.set[i].name = in.Label
		if err := a.readInput(in, pool, p, func(b *capture.Batch, info capture.Info) error {
			rows.set[i].digits = info.Digits
			if len(b.Records) > 0 {
				rows.lines.times.saw(b.Records[0].Time)
			}
			d.Batch(i, b)
			return rows.err
		}); err != nil {
			status = a.fail(err)
		}
	}
	d.Close()
	return status
}

// readInput reads one file to its end, or until take fails. What could not be
// read is the error; it is a failure with exitPartial.
func (a *app) readInput(in capture.Input, pool *capture.Pool, p *progress, take func(*capture.Batch, capture.Info) error) error {
	if in.Err != nil {
		return inputFailure(in, in.Err)
	}
	src, err := a.open(in)
	if err != nil {
		return inputFailure(in, err)
	}
	ahead := capture.ReadAhead(src, 2, decode.Prepare)
	defer ahead.Close()
	for a.ctx.Err() == nil {
		b := pool.Get()
		err := ahead.Next(b)
		if err == io.EOF {
			b.Release()
			break
		}
		if err != nil {
			b.Release()
			return inputFailure(in, err)
		}
		info := ahead.Info()
		p.update(in.Label, info.Bytes, info.Frames)
		if take(b, info) != nil {
			return nil
		}
	}
	return faultsFailure(in.Label, ahead.Info())
}

func (a *app) open(in capture.Input) (capture.Source, error) {
	if in.Path == capture.StandardInput {
		return capture.OpenReader(in.Label, a.stdin)
	}
	return capture.Open(in.Path)
}

// inputFailure is the message for an input that could not be read.
func inputFailure(in capture.Input, err error) error {
	var format *capture.FormatError
	if errors.As(err, &format) {
		return &failure{exitPartial, format.Error(), format.Hint}
	}
	f := &failure{status: exitPartial, what: in.Path + ": " + plainError(err)}
	switch {
	case errors.Is(err, capture.ErrNoCapture):
		f.what = err.Error()
		f.hint = "captures are told by their content: pcap, pcapng, Network Monitor and Windows event traces, also gzip or zstd around them"
	case findCommand(in.Path) != nil:
		f.hint = "the command comes first: kerbscope " + in.Path + " ..."
	}
	return f
}

// faultsFailure is the message for a file that could be read only in part.
func faultsFailure(name string, info capture.Info) error {
	if len(info.Faults) == 0 {
		return nil
	}
	first := info.Faults[0]
	f := &failure{status: exitPartial, what: fmt.Sprintf("%s: %s", name, first)}
	if more := max(info.Faulted, uint64(len(info.Faults))) - 1; more > 0 {
		f.what += fmt.Sprintf("; %s more", plural(more, "fault"))
	}
	f.hint = fmt.Sprintf("%s of it could be read, and are in the result", plural(info.Frames, "frame"))
	return f
}

// A rowWriter is the Sink that prints Messages.
type rowWriter struct {
	w       *bufio.Writer
	format  string
	filter  rowFilter
	tree    bool
	lines   rowLines
	buf     []byte      // the line in hand
	set     []rowSource // files of the capture in hand
	written uint64
	err     error
}

func newRowWriter(w *bufio.Writer, s *settings, sc screen, several bool) *rowWriter {
	return &rowWriter{w: w, format: s.format, filter: s.filter, tree: s.tree, lines: newRowLines(several, sc, s.times)}
}

type rowSource struct {
	name   string
	digits int
}

func (w *rowWriter) begin() {
	if w.format == "json" {
		w.write([]byte("["))
	}
}

func (w *rowWriter) end() {
	switch {
	case w.format != "json":
	case w.written == 0:
		w.write([]byte("]\n"))
	default:
		w.write([]byte("\n]\n"))
	}
}

func (w *rowWriter) Message(m *decode.Message) {
	if w.err != nil {
		return
	}
	source := w.set[m.Frame.Capture()]
	if !w.filter.take(m, source.name) {
		return
	}
	r := makeRow(m, source.name, source.digits)
	w.written++
	if w.format == "text" {
		w.text(r, m.Time, source.digits)
		return
	}
	line, err := encodeJSON(r, "")
	if err != nil {
		w.err = err
		return
	}
	if w.format == "json" {
		if w.written > 1 {
			w.write([]byte(","))
		}
		w.write([]byte("\n"))
		line = bytes.TrimRight(line, "\n")
	}
	w.write(line)
}

// text prints a row as a line, or as a tree with an empty line before the next.
func (w *rowWriter) text(r *row, ns int64, digits int) {
	if !w.tree {
		w.buf = w.lines.line(w.buf[:0], r, ns, digits)
		w.write(w.buf)
		return
	}
	if w.written > 1 {
		w.write([]byte("\n"))
	}
	w.write([]byte(rowTree(r, w.lines.screen)))
}

func (w *rowWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
	}
}

func (w *rowWriter) Exchange(*decode.Exchange) {}
func (w *rowWriter) Session(*decode.Session)   {}
func (w *rowWriter) Sighting(*decode.Sighting) {}
