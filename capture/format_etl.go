package capture

import (
	"errors"
	"fmt"
	"io"
	"os"

	"kerbscope/capture/etl"
)

const (
	etlTicks = 1e7     // a second: FILETIME's
	etlBatch = 1 << 13 // most records of a Batch
)

// AllCopies asks for every copy of a packet that the capture holds, and for
// packets that the host dropped: a Windows event trace has a packet once for
// each layer that it crossed. Without it one copy is given, and the rest counted.
func AllCopies() Option {
	return func(c *config) { c.allCopies = true }
}

// etlSource gives the packets of a Windows event trace.
type etlSource struct {
	*blocks
	r      *etl.Reader
	file   int64
	first  *etl.Packet // read already
	told   int         // faults of r that were passed on
	ifaces int         // interfaces of r that were
	notes  bool
}

// openETL reads up to the first packet: a trace may hold none.
func openETL(s *stream) (Source, error) {
	p := &etlSource{blocks: newBlocks(s, "etl"), notes: s.cfg.notes}
	src, size, end, err := s.random()
	if err != nil {
		return nil, err
	}
	p.end, p.file = end, size
	p.r, err = etl.NewReader(src, size, etl.Options{AllCopies: s.cfg.allCopies})
	if err == nil {
		p.first, err = p.r.Next()
		p.faults()
	}
	var fe *etl.FormatError
	switch {
	case err == nil:
		return p, nil
	case errors.As(err, &fe):
		return nil, &FormatError{Path: s.name, What: fe.What, Hint: fe.Hint, Capture: true}
	case err != io.EOF:
		return nil, p.broken(err)
	}
	none, network := p.r.NoPackets()
	if len(p.info.Faults) > 0 {
		none.What += "; " + p.info.Faults[0].String()
	}
	return nil, &FormatError{Path: s.name, What: none.What, Hint: none.Hint, Capture: network}
}

func (p *etlSource) Next(b *Batch) error {
	b.Records, b.Data, b.Notes = b.Records[:0], b.Data[:0], b.Notes[:0]
	if cap(b.Data) > keepBlock {
		b.Data = nil
	}
	for p.done == nil && len(b.Data) < p.size && len(b.Records) < etlBatch {
		q, err := p.first, error(nil)
		if p.first = nil; q == nil {
			q, err = p.r.Next()
		}
		p.faults()
		if err != nil {
			p.off = uint64(p.file)
			if p.done = p.broken(err); err == io.EOF {
				p.done = p.ended(0, "buffer")
			}
			break
		}
		p.take(b, q)
	}
	p.count(b.Records)
	p.tally()
	if len(b.Records) > 0 {
		return nil
	}
	return p.done
}

// take enters one packet into b.
func (p *etlSource) take(b *Batch, q *etl.Packet) {
	for ; p.ifaces < len(p.r.Interfaces()); p.ifaces++ {
		i := p.r.Interfaces()[p.ifaces]
		p.addInterface(Interface{Name: i.Name, Link: LinkType(i.Link), TicksPS: etlTicks})
	}
	p.frame++
	b.Records = append(b.Records, Record{
		Time: q.Time, Frame: p.frame, Off: uint32(len(b.Data)), Len: uint32(len(q.Data)), Wire: q.Wire,
		Interface: uint32(min(q.Interface, maxIfaces-1)), Link: LinkType(q.Link),
	})
	b.Data = append(b.Data, q.Data...)
	if p.notes {
		b.Notes = append(b.Notes, Note{len(b.Records) - 1, etlNote(q)})
	}
}

// etlNote says beside a packet what its event said: the direction, in the
// numbers of pcapng's epb_flags, and the process that happened to run.
func etlNote(q *etl.Packet) PacketOptions {
	o := PacketOptions{Flags: uint32(q.Direction), Comments: []string{fmt.Sprintf("PID=%d TID=%d", q.Process, q.Thread)}}
	if q.Dropped {
		o.Comments = append(o.Comments, fmt.Sprintf("dropped by Windows: reason %d at location %#x", q.DropReason, q.DropLocation))
	}
	return o
}

// faults passes on what the reader could not read.
func (p *etlSource) faults() {
	for ; p.told < len(p.r.Faults) && len(p.info.Faults) < maxFaults; p.told++ {
		f := p.r.Faults[p.told]
		p.info.Faults = append(p.info.Faults, Fault{Offset: uint64(f.Offset), Frame: f.Packets, What: f.What, Fatal: f.Fatal})
	}
	p.info.Faulted = p.r.Faulted
}

// tally passes on the counts.
func (p *etlSource) tally() {
	n, h := &p.r.Counts, &p.r.Header
	p.info.Lost = counts(
		Count{"events", uint64(h.EventsLost)}, Count{"buffers", uint64(h.BuffersLost)}, Count{"partial_packets", n.Partial},
		Count{"damaged_events", n.Damaged},
	)
	p.info.LeftOut = counts(
		Count{"copies", n.Copies}, Count{"dropped_by_host", n.Dropped}, Count{"not_data_802_11", n.NotData}, Count{"other_kinds", n.Unknown},
	)
	if n.CutAt128 > 0 {
		p.info.Advice = "pktmon keeps 128 bytes of a packet unless told otherwise; record again: " + etl.HowPktmon
	}
}

// counts returns those that are not zero.
func counts(all ...Count) (list []Count) {
	for _, c := range all {
		if c.N > 0 {
			list = append(list, c)
		}
	}
	return list
}

// broken is the operating system's error that ended reading.
func (p *etlSource) broken(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return err
	}
	return &os.PathError{Op: "read", Path: p.name, Err: err}
}
