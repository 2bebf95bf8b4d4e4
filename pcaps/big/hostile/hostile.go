// Package hostile writes captures that are made to cost: more flows, fragments,
// names, tickets and layers than any limit of the decoder admits. Command big
// writes them to a file or a pipe; tests read small ones.
package hostile

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// An Input is one kind of hostile capture.
type Input struct {
	Name string
	Full int    // n of the full size
	What string // what there are n of
	// Limits are words of which at least one stands in the report, as they
	// name what was not kept, when n is at least Bites; empty: nothing need be
	// lost.
	Limits []string
	Bites  int
	// Peak is the most memory, in kB, that reading it may take; 0: 200,000.
	Peak  int
	write func(w *writer, n int)
	raw   func(w io.Writer, n int) error // instead of write: the whole file
}

// Write writes the capture with n of what it holds. The same n gives the same bytes.
func (in *Input) Write(out io.Writer, n int) error {
	if in.raw != nil {
		return in.raw(out, n)
	}
	w := newWriter(out)
	in.write(w, n)
	return w.Flush()
}

// Find returns the input of that name; nil when there is none.
func Find(name string) *Input {
	for i := range Inputs {
		if Inputs[i].Name == name {
			return &Inputs[i]
		}
	}
	return nil
}

// Inputs are all of them.
var Inputs = append(single[:len(single):len(single)], Input{Name: "mixed", Full: 100_000, What: "of a million of each of these", Limits: []string{"connections"}, Bites: 20_000, Peak: 300_000, write: mixed})

// single are those of one kind.
var single = []Input{
	{Name: "port-scan", Full: 5_000_000, What: "SYNs, each to another address and port", Limits: []string{"connections"}, Bites: 400000, write: portScan},
	{Name: "fragments", Full: 1_000_000, What: "first fragments of datagrams that never complete", Limits: []string{"fragments"}, write: fragments},
	{Name: "record-marks", Full: 1_000_000, What: "connections to port 88 that announce a record of up to 4 GB", Limits: []string{"connections"}, Bites: 100000, write: recordMarks},
	{Name: "missing-bytes", Full: 1_000_000, What: "connections to port 88 whose first segment is missing", Limits: []string{"connections", "bytes"}, Bites: 1000, write: missingBytes},
	{Name: "gzip-bomb", Full: 10_000, What: "MiB of zeros, compressed twice", Limits: []string{"unpacks", "unpacked"}, Bites: 2000, raw: gzipBomb},
	{Name: "interfaces", Full: 1_000_000, What: "interfaces of one pcapng section", Limits: []string{"interfaces"}, raw: interfaces},
	{Name: "one-flow", Full: 7_000_000, What: "segments of one connection to port 25, without an end of line", write: oneFlow},
	{Name: "tickets", Full: 1_000_000, What: "TGS exchanges, each issuing another ticket for another service", Limits: []string{"tickets", "rows"}, write: tickets},
	{Name: "clients", Full: 1_000_000, What: "AS requests of different clients, each refused", Limits: []string{"rows"}, write: clients},
	{Name: "kdcs", Full: 1_000_000, What: "AS requests, each to another silent KDC", Limits: []string{"rows", "names"}, write: kdcs},
	{Name: "errors", Full: 1_000_000, What: "KRB-ERRORs that nobody asked for, each with another text", Limits: []string{"rows", "exchanges"}, write: krbErrors},
	{Name: "nesting", Full: 200_000, What: "packets of nothing but layers: DER, SPNEGO, GRE, IP in IP, VLAN tags", Limits: []string{"tunnels"}, write: nesting},
	{Name: "dns", Full: 1_000_000, What: "DNS answers, each for another KDC", Limits: []string{"names", "sightings"}, write: dnsFlood},
	{Name: "smtp", Full: 1_000_000, What: "SMTP connections with an AUTH line, each refused", Limits: []string{"sessions", "connections"}, write: smtpFlood},
	{Name: "big-tokens", Full: 100_000, What: "SMTP sessions that stay open after a token of 48,000 bytes", Limits: []string{"bytes of sessions"}, Bites: 1000, write: bigTokens},
	{Name: "attempts", Full: 1_000_000, What: "AUTH lines on one SMTP connection", Limits: []string{"attempts"}, write: attempts},
	{Name: "big-requests", Full: 50_000, What: "AS requests of 60,000 bytes in fragments, unanswered", Limits: []string{"exchanges under way"}, Bites: 1000, write: bigRequests},
	{Name: "elements", Full: 200_000, What: "AS requests of a thousand PA-DATA, unanswered", Limits: []string{"exchanges under way"}, Bites: 1000, write: manyElements},
	{Name: "kpasswd", Full: 1_000_000, What: "password changes over UDP and TCP, small and large, unanswered", Limits: []string{"raw exchanges"}, Bites: 20_000, write: kpasswd},
	{Name: "dns-talks", Full: 1_000_000, What: "TKEY queries over UDP, small and large, unanswered", Limits: []string{"talks"}, Bites: 5000, write: dnsTalks},
	{Name: "long-names", Full: 100_000, What: "AS requests with names of 500 bytes, refused with as long salts", Limits: []string{"rows"}, Bites: 20_000, write: longNames},
	{Name: "showings", Full: 1_000_000, What: "TGS requests that show a ticket to a KDC, each from another port", Limits: []string{"pending", "rows"}, Bites: 100_000, write: showings},
	{Name: "pipes", Full: 20_000, What: "named pipes, each with 60,000 bytes of a message that does not end", Limits: []string{"bytes of sessions"}, Bites: 1000, write: pipes},
}

// A writer writes a pcap file of Ethernet frames, 10 µs apart.
type writer struct {
	*bufio.Writer
	n    int
	buf  [2048]byte
	body [2048]byte

	shift uint32 // of the addresses of clients
}

func newWriter(out io.Writer) *writer {
	w := &writer{Writer: bufio.NewWriterSize(out, 1<<20)}
	w.WriteString("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
	return w
}

// frame writes one record.
func (w *writer) frame(b []byte) {
	var h [16]byte
	us := uint64(w.n) * 10
	binary.LittleEndian.PutUint32(h[:], uint32(1_750_000_000+us/1e6))
	binary.LittleEndian.PutUint32(h[4:], uint32(us%1e6))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(b)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(b)))
	w.Write(h[:])
	w.Write(b)
	w.n++
}

// An end is an address of 10.0.0.0/8 and a port.
type end struct {
	host uint32 // of the lower 24 bits
	port uint16
}

func client(i int) end { return end{uint32(i>>14) + 1<<16, uint16(1025 + i&(1<<14-1))} }

func kdc(port uint16) end { return end{1, port} }

// ip writes a packet of IPv4 without a checksum; flags is the field of flags and offset.
func (w *writer) ip(proto uint8, from, to uint32, id, flags uint16, body []byte) {
	b := append(w.buf[:0], "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"...)
	w.frame(append(ipHeader(b, proto, w.place(from), w.place(to), id, flags, len(body)), body...))
}

// place is the address of a host.
func (w *writer) place(host uint32) uint32 {
	if host < 1<<16 {
		return host
	}
	return (host + w.shift) & 0xffffff
}

func ipHeader(b []byte, proto uint8, from, to uint32, id, flags uint16, n int) []byte {
	be := binary.BigEndian
	b = append(b, 0x45, 0)
	b = be.AppendUint16(b, uint16(20+n))
	b = be.AppendUint16(be.AppendUint16(b, id), flags)
	b = append(b, 64, proto, 0, 0)
	return be.AppendUint32(be.AppendUint32(b, 10<<24|from), 10<<24|to)
}

func (w *writer) udp(from, to end, payload []byte) {
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(w.body[:0], from.port), to.port)
	b = be.AppendUint16(be.AppendUint16(b, uint16(8+len(payload))), 0)
	w.ip(17, from.host, to.host, uint16(w.n), 0, append(b, payload...))
}

const (
	fin = 1
	syn = 2
	psh = 8
	ack = 16
)

func (w *writer) tcp(from, to end, seq, acked uint32, flags byte, payload []byte) {
	be := binary.BigEndian
	b := be.AppendUint16(be.AppendUint16(w.body[:0], from.port), to.port)
	b = be.AppendUint32(be.AppendUint32(b, seq), acked)
	b = append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	w.ip(6, from.host, to.host, uint16(w.n), 0x4000, append(b, payload...))
}

// A talk is a TCP connection that is written in turns.
type talk struct {
	w      *writer
	c, s   end
	cs, ss uint32
}

func (w *writer) connect(c, s end) *talk {
	w.tcp(c, s, 1000, 0, syn, nil)
	w.tcp(s, c, 2000, 1001, syn|ack, nil)
	w.tcp(c, s, 1001, 2001, ack, nil)
	return &talk{w, c, s, 1001, 2001}
}

func (t *talk) client(b string) {
	t.w.tcp(t.c, t.s, t.cs, t.ss, ack|psh, []byte(b))
	t.cs += uint32(len(b))
}

func (t *talk) server(b string) {
	t.w.tcp(t.s, t.c, t.ss, t.cs, ack|psh, []byte(b))
	t.ss += uint32(len(b))
}

func (t *talk) close() {
	t.w.tcp(t.c, t.s, t.cs, t.ss, fin|ack, nil)
	t.w.tcp(t.s, t.c, t.ss, t.cs+1, fin|ack, nil)
}

// gzipBomb is n MiB of zeros after the header of a pcap file.
func gzipBomb(out io.Writer, n int) error {
	outer, _ := gzip.NewWriterLevel(out, gzip.BestCompression)
	inner, _ := gzip.NewWriterLevel(outer, gzip.BestCompression)
	w := newWriter(inner)
	zeros := make([]byte, 1<<20-16)
	for range n * 5 {
		// Records of 200 KiB: longer ones are no packets.
		w.frame(zeros[:(1<<20)/5-16])
	}
	for _, err := range []error{w.Flush(), inner.Close(), outer.Close()} {
		if err != nil {
			return err
		}
	}
	return nil
}

// interfaces is a pcapng section with n interfaces, and a packet on the last.
func interfaces(out io.Writer, n int) error {
	w := bufio.NewWriterSize(out, 1<<20)
	le := binary.LittleEndian
	block := func(kind uint32, body []byte) {
		size := uint32(12 + len(body))
		w.Write(le.AppendUint32(le.AppendUint32(nil, kind), size))
		w.Write(body)
		w.Write(le.AppendUint32(nil, size))
	}
	block(0x0a0d0d0a, []byte("\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"))
	for i := range n {
		name := fmt.Sprintf("eth%07d!!", i) // 12 bytes
		block(1, append([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x0c\x00"), name+"\x00\x00\x00\x00"...))
	}
	for _, i := range []int{0, n - 1} {
		p := le.AppendUint32(nil, uint32(i))
		p = append(p, make([]byte, 8)...)
		p = le.AppendUint32(le.AppendUint32(p, 60), 60)
		block(6, append(p, make([]byte, 60)...))
	}
	return w.Flush()
}
