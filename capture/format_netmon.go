package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"kerbscope/capture/etl"
)

// The capture files of Microsoft Network Monitor 2 and 3 (and of Message
// Analyzer), versions 2.0 to 2.3: "Network Monitor Capture File Format" of its
// help. All is little-endian.

const (
	netmonHeader = 72      // bytes of it in version 2.3; other writers pad to 128
	netmonFrame  = 16      // frame header: time, original and captured length
	netmonBatch  = 1 << 14 // most records of a Batch: a table can name one place again and again
)

// netmonTrailers are the bytes behind a frame's data, by minor version: the
// media type; from 2.2 on the process too; from 2.3 on UTC and a time zone.
var netmonTrailers = [...]int64{0, 2, 6, 15}

func isNetmon(h []byte) bool {
	return len(h) >= netmonHeader && string(h[:4]) == "GMBU"
}

// netmonSource reads such a file. The frame table at its end tells where each
// frame stands; frames need not stand in that order, nor side by side.
type netmonSource struct {
	*blocks
	file    io.ReaderAt
	len     int64 // of the file
	minor   int
	media   uint16 // of all frames in version 2.0
	trailer int64  // bytes behind a frame
	start   int64  // time that frame times count from, by the clock of the wall; NoTime if there is none
	utc     bool   // 2.3: frames carry UTC themselves
	zone    int64  // ns by which local time is ahead of UTC

	table   netmonTable
	chain   int64             // without a table: where the next frame stands
	chained int64             // and where frames end
	given   int64             // bytes of the frames read so far
	ahead   int64             // bytes to read at a time
	behind  int64             // where the frame before ends
	kinds   map[uint16]uint32 // interfaces, by media type
	notes   *netmonNotes      // nil unless they are wanted
}

func openNetmon(s *stream) (Source, error) {
	le := binary.LittleEndian
	h := s.head
	if h[5] != 2 {
		return nil, &FormatError{Path: s.name, What: fmt.Sprintf("a Microsoft Network Monitor capture of an unknown version (%d.%d at byte 4; read are 2.0 to 2.%d)", h[5], h[4], len(netmonTrailers)-1), Capture: true}
	}
	minor := min(int(h[4]), len(netmonTrailers)-1)
	p := &netmonSource{
		blocks: newBlocks(s, "netmon"), minor: minor, media: le.Uint16(h[6:]), trailer: netmonTrailers[minor],
		start: systemTime(h[8:24]), zone: s.cfg.zone, kinds: map[uint16]uint32{},
	}
	p.utc = minor >= 3 && le.Uint32(h[56:]) != 0
	var err error
	if p.file, p.len, p.end, err = s.random(); err != nil {
		return nil, err
	}
	p.off, p.ahead = uint64(p.len), int64(p.size)
	p.table = netmonTable{file: p.file, off: int64(le.Uint32(h[24:])), count: int64(le.Uint32(h[28:])) / 4}
	if s.cfg.notes {
		p.notes = readNetmonNotes(p, h)
	}
	if p.table.count > 0 && p.table.off+4*p.table.count > p.len {
		p.chained = p.lastFrame(h)
		p.chain = p.firstFrame()
		if p.end == io.EOF { // otherwise its end says so
			p.fault(uint64(p.len), true, "the file ends before its frame table does: the frames are read in the order in which they stand")
		}
	}
	return p, nil
}

// systemTime reads a SYSTEMTIME as ns since 1970, taken for UTC; NoTime if it
// is no time.
func systemTime(b []byte) int64 {
	var f [8]int
	for i := range f {
		f[i] = int(binary.LittleEndian.Uint16(b[2*i:]))
	}
	year, month, day, hour, minute, sec, ms := f[0], f[1], f[3], f[4], f[5], f[6], f[7]
	if year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || sec > 60 || ms > 999 {
		return NoTime
	}
	return time.Date(year, time.Month(month), day, hour, minute, sec, ms*1e6, time.UTC).UnixNano()
}

func (p *netmonSource) unit() string { return "frame" }

// Next reads a block of the file and takes from it the frames that are next in
// order and wholly in it.
func (p *netmonSource) Next(b *Batch) error {
	b.Records, b.Data, b.Notes = b.Records[:0], b.Data[:0], b.Notes[:0]
	w := netmonWindow{b: b}
	for p.done == nil {
		off, ok, err := p.where()
		if err != nil {
			p.done = p.broken(err)
			break
		}
		if !ok {
			p.done = p.ended(0, p.unit())
			break
		}
		if err := p.take(&w, off); err != nil {
			if err != errNextBatch {
				p.done = p.broken(err)
			}
			break
		}
	}
	p.count(b.Records)
	if len(b.Records) > 0 {
		return nil
	}
	return p.done
}

// limit is where frames end at the latest.
func (p *netmonSource) limit() int64 {
	if p.chain != 0 {
		return p.chained
	}
	return p.len
}

// take reads the frame at off into w and goes on to the next one. A frame that
// cannot be read keeps its number.
func (p *netmonSource) take(w *netmonWindow, off int64) error {
	if len(w.b.Records) >= netmonBatch {
		return errNextBatch
	}
	if off+netmonFrame+p.trailer > p.limit() {
		if p.chain == 0 {
			p.unreadable(w.b, off, "frame %d of the table is said to stand at byte %d, and the file has %d", p.table.at+1, off, p.len)
		}
		p.step(p.len)
		return nil
	}
	if err := p.load(w, off, netmonFrame); err != nil {
		return err
	}
	le := binary.LittleEndian
	h := w.bytes(off, netmonFrame)
	delta, orig, incl := le.Uint64(h), le.Uint32(h[8:]), le.Uint32(h[12:])
	whole := netmonFrame + int64(incl) + p.trailer
	switch {
	case incl > maxPcapRec:
		p.unreadable(w.b, off, "a frame of %d bytes: the longest packet has %d", incl, maxPcapRec)
		p.step(p.len)
		return nil
	case off+whole > p.limit():
		if p.chain == 0 {
			p.unreadable(w.b, off, "the file ends inside a frame of %d bytes", incl)
		}
		p.step(p.len)
		return nil
	case p.given+whole > p.len:
		// Frames that do not overlap cannot be more than the file.
		p.fault(uint64(off), true, "the frames of the table are more bytes than the file has")
		p.done = io.EOF
		return errNextBatch
	}
	if err := p.load(w, off, whole); err != nil {
		return err
	}
	p.given += whole
	p.behind = off + whole
	p.step(off + whole)
	f := w.bytes(off, whole)
	data, tail := f[netmonFrame:netmonFrame+incl], f[netmonFrame+incl:]
	media := p.media
	if p.minor >= 1 {
		media = le.Uint16(tail)
	}
	if netmonUnnumbered(media) {
		return nil
	}
	p.frame++
	r := Record{Time: p.time(delta, tail), Frame: p.frame, Off: uint32(w.place(off) + netmonFrame), Len: incl, Wire: max(incl, orig)}
	r.Link, media = netmonLink(media, data)
	if media == netmonWiFi {
		n := netmonRadio(data)
		r.Off, r.Len, r.Wire = r.Off+n, r.Len-n, r.Wire-n
	}
	if media == netmonEvent {
		if at, n, wire, link, ok := etl.NetEvent(data); ok {
			r.Off, r.Len, r.Wire = r.Off+uint32(at), uint32(n), uint32(wire)
			r.Link, media = LinkType(link), uint16(netmonPcap+link)
		}
	}
	r.Interface = p.kind(media, r.Link)
	w.b.Records = append(w.b.Records, r)
	if p.notes != nil {
		if c := p.notes.of(off, tail); len(c) > 0 {
			w.b.Notes = append(w.b.Notes, Note{len(w.b.Records) - 1, PacketOptions{Comments: c}})
		}
	}
	return nil
}

// time returns when a frame was captured.
func (p *netmonSource) time(delta uint64, tail []byte) int64 {
	// Microseconds, which times ten are signed: frames can be older than the file.
	local := NoTime
	if units := int64(delta * 10); p.start != NoTime && units > -1<<53 && units < 1<<53 {
		local = p.start + units*100
	}
	if p.minor >= 3 {
		at, ok := filetime(binary.LittleEndian.Uint64(tail[6:]))
		// Without the extended information the field may be unset.
		const day = int64(24 * time.Hour)
		if ok && (p.utc || local != NoTime && at-local < day && local-at < day) {
			return at
		}
	}
	if local == NoTime {
		return NoTime
	}
	p.info.LocalTime = true
	return local - p.zone
}

// filetime turns 100 ns since 1601 into ns since 1970; ok is false for what
// those cannot hold, and for none.
func filetime(t uint64) (ns int64, ok bool) {
	const epoch, most = 116444736000000000, 1<<63/100 - 1
	if t < epoch || t-epoch > most {
		return 0, false
	}
	return int64(t-epoch) * 100, true
}

// unreadable numbers a frame of which there is nothing.
func (p *netmonSource) unreadable(b *Batch, off int64, what string, args ...any) {
	p.fault(uint64(off), false, what, args...)
	p.frame++
	b.Records = append(b.Records, Record{Time: NoTime, Frame: p.frame, Interface: p.kind(netmonUnreadable, LinkUser15), Link: LinkUser15})
}

// kind returns the interface that stands for a media type: which adapter a
// frame came from is not told.
func (p *netmonSource) kind(media uint16, link LinkType) uint32 {
	if i, ok := p.kinds[media]; ok {
		return i
	}
	i := Interface{Link: link, TicksPS: 1e6}
	if p.utc {
		i.TicksPS = 1e7
	}
	if link == LinkUser15 {
		i.Name = netmonKind(media)
	}
	n := p.addInterface(i)
	if len(p.kinds) < maxIfaces {
		p.kinds[media] = n
	}
	return n
}
