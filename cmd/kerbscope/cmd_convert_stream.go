package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"kerbscope/capture"
)

// A mergeStream is one capture, or the files of a ring set one after the other.
type mergeStream struct {
	m      *merger
	index  int    // order among captures with equal times
	first  int    // first of its inputs
	label  string // of the first
	inputs []int  // still to be read, that in hand first

	src   capture.Source
	batch capture.Batch
	at    int     // record that is due
	note  int     // first of batch.Notes at or behind it
	times []int64 // of each record of the batch, as it is written; beforeTimes: none is near
	dues  []int64 // when each is written
	due   int64   // of the one at at
	last  int64   // latest record's time; beforeTimes: none yet

	numbers []uint32                       // by the source's interface number
	lost    map[uint32]*capture.Statistics // as last written, by number in the file written
	known   map[interfaceOf]uint32         // interfaces that were added for the capture
	seen    map[capture.Interface]int      // of the file in hand
}

// An interfaceOf is the nth interface of a file among those that look alike;
// the files of a ring set have them in common.
type interfaceOf struct {
	capture.Interface
	nth int
}

// fill reads the next block that has packets, of this file or the next. It is
// false at the end of the last.
func (s *mergeStream) fill() bool {
	for len(s.inputs) > 0 && s.m.c.a.ctx.Err() == nil {
		in := s.m.c.inputs[s.inputs[0]]
		if s.src == nil && !s.open(in) {
			s.inputs = s.inputs[1:]
			continue
		}
		err := s.src.Next(&s.batch)
		if err == nil {
			info := s.src.Info()
			s.m.c.p.update(in.Label, info.Bytes, info.Frames)
			s.plan()
			return true
		}
		if !errors.Is(err, io.EOF) {
			s.m.c.fail(inputFailure(in, err))
		} else {
			s.m.c.fail(faultsFailure(in.Label, s.src.Info()))
		}
		s.report(in, s.src.Info())
		if n := len(s.src.Info().Interfaces); n > 0 && s.m.err == nil {
			_, s.m.err = s.number(uint32(n - 1)) // those without packets
			s.losses()
		}
		s.src.Close()
		s.src, s.inputs = nil, s.inputs[1:]
		s.batch = capture.Batch{Data: s.batch.Data[:0], Records: s.batch.Records[:0]}
	}
	s.close()
	return false
}

// losses writes what the recorder of the file in hand did not keep, as counts of
// its first interface: of which one they were is not known here.
func (s *mergeStream) losses() {
	info := s.src.Info()
	for _, l := range lossesOf(info) {
		if s.m.err != nil {
			return
		}
		n := s.numbers[0]
		count := s.lost[n]
		if count == nil {
			if s.lost == nil {
				s.lost = map[uint32]*capture.Statistics{}
			}
			count = &capture.Statistics{}
			s.lost[n] = count
		}
		if len(info.Interfaces) > 1 {
			count.Comment = "of all interfaces"
		}
		l.From, l.To = s.m.c.reference(s.inputs[0], l.From), s.m.c.reference(s.inputs[0], l.To)
		s.m.err = tellLoss(s.m.w, n, count, l)
	}
}

// open begins a file; what cannot be opened is told once.
func (s *mergeStream) open(in capture.Input) bool {
	c := s.m.c
	if in.Err != nil {
		c.fail(inputFailure(in, in.Err))
		return false
	}
	opts := []capture.Option{capture.KeepNotes(), capture.BlockSize(s.m.block)}
	if c.s.allCopies {
		opts = append(opts, capture.AllCopies())
	}
	var err error
	if in.Path == capture.StandardInput {
		s.src, err = capture.OpenReader(in.Label, c.a.stdin, opts...)
	} else {
		s.src, err = capture.Open(in.Path, opts...)
	}
	if err != nil {
		c.fail(inputFailure(in, err))
		s.src = nil
		return false
	}
	c.opened++
	s.numbers, s.seen = s.numbers[:0], map[capture.Interface]int{}
	return true
}

func (s *mergeStream) close() {
	if s.src != nil {
		s.src.Close()
		s.src = nil
	}
	s.batch, s.times, s.dues = capture.Batch{}, nil, nil
}

// plan decides when the packets of the block in hand are due. A capture's own
// order is kept: a packet that stands before earlier ones is due with them. One
// without a time is due with the one before it.
func (s *mergeStream) plan() {
	s.at, s.note = 0, 0
	records := s.batch.Records
	s.times = s.times[:0]
	for i := range records {
		if t := s.m.c.reference(s.inputs[0], records[i].Time); t != capture.NoTime {
			if s.last == beforeTimes {
				for n := range s.times {
					s.times[n] = t
				}
			}
			s.last = t
		}
		s.times = append(s.times, s.last)
	}
	s.dues = append(s.dues[:0], s.times...)
	for i := len(records) - 2; i >= 0; i-- {
		s.dues[i] = min(s.dues[i], s.dues[i+1])
	}
	s.due = s.dues[0]
}

// park closes a capture that was only looked at, if it can be opened again.
func (s *mergeStream) park() {
	path := s.m.c.inputs[s.inputs[0]].Path
	if st, err := os.Stat(path); path == capture.StandardInput || err != nil || !st.Mode().IsRegular() {
		return
	}
	s.close()
	s.last = beforeTimes
	s.m.c.opened--
}

// write writes the packet that is due, if it is wanted.
func (s *mergeStream) write() error {
	p := s.batch.Packet(s.at)
	notes := s.batch.Notes
	for s.note < len(notes) && notes[s.note].Record < s.at {
		s.note++
	}
	if f := s.m.c.flows; f != nil && !f.wanted(s.m.c.inputs[s.inputs[0]].Label, s.first, p) {
		return nil
	}
	raw := false // what is written holds no link header
	if r := s.m.c.redact; r != nil {
		var link capture.LinkType
		var ok bool
		if p.Data, p.Wire, link, ok = r.file.Packet(r.points[s.m.c.inputs[s.inputs[0]].Label], p); !ok {
			return nil
		}
		raw = link != p.Link
	}
	var o capture.PacketOptions
	if s.note < len(notes) && notes[s.note].Record == s.at {
		o = notes[s.note].PacketOptions
	}
	if a := s.m.c.notes; a != nil {
		o.Comments = slices.Concat(o.Comments, a.of(s.m.c.inputs[s.inputs[0]].Label, p.Frame))
	}
	n, err := s.number(p.Interface)
	if err == nil && raw {
		n, err = s.rawNumber(p.Interface)
	}
	if err != nil {
		return err
	}
	if s.m.c.redact != nil {
		o.Comments = nil
	}
	r := capture.Record{Time: s.times[s.at], Wire: p.Wire, Interface: n}
	data := p.Data
	if len(data) > capture.MaxPacket {
		data = data[:capture.MaxPacket]
	}
	if p.Time == capture.NoTime {
		if timeless := (capture.Record{Time: p.Time, Wire: p.Wire, Interface: n}); r.Time == beforeTimes || s.m.w.HoldsTimeless(timeless, len(data), o) {
			r = timeless
		} else {
			o.Comments = append(o.Comments, "no time recorded: that of the frame next to it")
		}
	}
	return s.m.w.WritePacket(r, data, o)
}

// number is the number in the file written of an interface of the source.
// Those before it are described first, whatever else was read ahead: what is
// written does not depend on how the input comes in.
func (s *mergeStream) number(of uint32) (uint32, error) {
	if int(of) < len(s.numbers) {
		return s.numbers[of], nil
	}
	all := s.src.Info().Interfaces
	for _, i := range all[len(s.numbers):min(int(of)+1, len(all))] {
		id := interfaceOf{i, s.seen[i]}
		s.seen[i]++
		n, ok := s.known[id]
		if !ok {
			if i.Link > math.MaxUint16 {
				i.Name, i.Link = strings.TrimSpace(i.Name+" "+i.Link.String()), capture.LinkUser15
			}
			i.Name, i.Filter = s.name(i.Name), s.filter(i.Filter)
			if i.TicksPS > 1e9 {
				i.TicksPS = 1e9 // times are kept in nanoseconds
			}
			var err error
			if n, err = s.m.w.AddInterface(i); err != nil {
				return 0, err
			}
			if s.known == nil {
				s.known = map[interfaceOf]uint32{}
			}
			s.known[id] = n
		}
		s.numbers = append(s.numbers, n)
	}
	if int(of) >= len(s.numbers) {
		return 0, fmt.Errorf("a packet of interface %d, which %s does not describe", of, s.label)
	}
	return s.numbers[of], nil
}

// rawNumber is the number in the file written of the interface for packets
// without link headers that takes the place of one of the source.
func (s *mergeStream) rawNumber(of uint32) (uint32, error) {
	i := s.src.Info().Interfaces[of]
	i.Name, i.Filter, i.Link, i.SnapLen, i.TicksPS = s.name(""), "", capture.LinkRaw, 0, min(i.TicksPS, 1e9)
	id := interfaceOf{i, -1}
	n, ok := s.known[id]
	if ok {
		return n, nil
	}
	n, err := s.m.w.AddInterface(i)
	if err == nil {
		s.known[id] = n
	}
	return n, err
}

// name is what an interface is called: its own name, behind its capture's
// where there are several. Redacted, names are numbers.
func (s *mergeStream) name(own string) string {
	switch {
	case s.m.c.redact != nil && s.m.several:
		return fmt.Sprintf("capture %d", s.index+1)
	case s.m.c.redact != nil:
		return ""
	case !s.m.several:
		return own
	case own == "":
		return s.label
	}
	return s.label + "/" + own
}

// filter is the capture filter that an interface is described with. Redacted,
// one that people wrote is left out: it may hold addresses and names.
func (s *mergeStream) filter(own string) string {
	if s.m.c.redact != nil && own != capture.KerberosFilter {
		return ""
	}
	return own
}

// report notes what the file written does not hold of a file.
func (s *mergeStream) report(in capture.Input, info capture.Info) {
	c := s.m.c
	if info.LocalTime {
		c.local = append(c.local, in.Label)
	}
	var parts []string
	for _, n := range info.LeftOut {
		parts = append(parts, fmt.Sprintf("%d %s", n.N, strings.ReplaceAll(n.Name, "_", " ")))
	}
	if len(parts) > 0 {
		c.leftOut = append(c.leftOut, fmt.Sprintf("%s: left out: %s; --all-copies keeps copies and dropped packets", in.Label, strings.Join(parts, ", ")))
	}
}
