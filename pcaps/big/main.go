// Command big writes a large capture for benchmarks: conversations of the
// corpus, many times over with other addresses, among thousands of flows that
// have nothing to do with Kerberos. The same flags give the same bytes.
//
//	go run ./pcaps/big -o /tmp/big.pcap -size 1.5G
//	go run ./pcaps/big -o - -hostile port-scan | kerbscope -
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"kerbscope/capture"
	"kerbscope/pcaps/big/hostile"
)

func main() {
	out := flag.String("o", "", "write to `FILE`; - is standard output")
	size := flag.String("size", "1.5G", "bytes to write, with k, M or G")
	share := flag.Float64("kerberos", 0.015, "share of the packets that come from the corpus")
	format := flag.String("format", "pcap", "pcap or pcapng")
	seed := flag.Uint64("seed", 1, "seed of everything random")
	flows := flag.Int("flows", 4000, "unrelated flows at a time")
	kdc := flag.Bool("kdc", false, "what a KDC's own capture holds: of the corpus, at -kerberos 1, the packets of port 88 alone, with the same KDCs in each replay")
	dir := flag.String("corpus", "pcaps", "folder of the corpus")
	bad := flag.String("hostile", "", "a capture made to cost instead, of this `NAME`; list names them")
	n := flag.Int("n", 0, "how many of what the hostile one holds; 0: as many as its full size")
	flag.Parse()
	if *bad != "" {
		if err := writeHostile(*out, *bad, *n); err != nil {
			fmt.Fprintln(os.Stderr, "big:", err)
			os.Exit(1)
		}
		return
	}
	err := run(*out, *size, *format, *dir, options{share: *share, seed: *seed, flows: *flows, kdc: *kdc})
	if err != nil {
		fmt.Fprintln(os.Stderr, "big:", err)
		os.Exit(1)
	}
}

func run(out, size, format, dir string, o options) (err error) {
	if o.size, err = parseSize(size); err != nil {
		return err
	}
	if out == "" {
		return errors.New("-o FILE is missing")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.pcap*"))
	if err != nil {
		return err
	}
	if o.corpus, err = loadCorpus(files, o.kdc); err != nil {
		return err
	}
	if len(o.corpus) == 0 {
		fmt.Fprintln(os.Stderr, "big: no captures in", dir+": no Kerberos in the output")
	}
	f := os.Stdout
	if out != "-" {
		if f, err = os.Create(out); err != nil {
			return err
		}
	}
	defer f.Close()
	w, err := newWriter(f, format)
	if err != nil {
		return err
	}
	s, err := generate(w, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "big: %d packets, %d of them from %d replays of the corpus, %.1f s\n", s.packets, s.replayed, s.replays, s.seconds)
	return f.Close()
}

// writeHostile writes the hostile capture of that name.
func writeHostile(out, name string, n int) error {
	in := hostile.Find(name)
	if name == "list" {
		for _, in := range hostile.Inputs {
			fmt.Printf("%-14s %8d %s\n", in.Name, in.Full, in.What)
		}
		return nil
	}
	if in == nil {
		return fmt.Errorf("-hostile %s: no such capture; -hostile list names them", name)
	}
	f := os.Stdout
	if out == "" {
		return errors.New("-o FILE is missing")
	} else if out != "-" {
		var err error
		if f, err = os.Create(out); err != nil {
			return err
		}
	}
	defer f.Close()
	if n == 0 {
		n = in.Full
	}
	return in.Write(f, n)
}

type options struct {
	size   uint64
	share  float64
	seed   uint64
	flows  int
	kdc    bool // of the corpus, port 88 only
	corpus []recording
}

type summary struct {
	packets, replayed uint64
	replays           int
	seconds           float64
}

const (
	startTime = 1_750_000_000_000_000_000 // ns
	meanGap   = 200e3                     // ns between packets: 5,000 a second
)

// generate writes packets to w until o.size bytes are written.
func generate(w writer, o options) (s summary, err error) {
	rng := rand.New(rand.NewPCG(o.seed, 0x6b65726273636f70))
	bg := newBackground(rng, o.flows)
	var due schedule
	planned := uint64(0)
	for now := int64(startTime); w.size() < o.size; {
		if len(o.corpus) > 0 && float64(planned) < o.share*float64(s.packets) {
			r := &o.corpus[s.replays%len(o.corpus)]
			due.start(r, s.replays, now)
			planned += uint64(len(r.frames))
			s.replays++
		}
		var frame []byte
		wire := 0
		if at, f, n, ok := due.next(now); ok {
			now, frame, wire = max(now, at), f, n
			s.replayed++
		} else {
			now += int64(rng.ExpFloat64() * meanGap)
			frame = bg.next()
			wire = len(frame)
		}
		if err := w.packet(now, frame, wire); err != nil {
			return s, err
		}
		s.packets++
		s.seconds = float64(now-startTime) / 1e9
	}
	return s, w.flush()
}

// A writer writes one capture format.
type writer interface {
	packet(ns int64, data []byte, wire int) error
	size() uint64
	flush() error
}

func newWriter(w io.Writer, format string) (writer, error) {
	switch format {
	case "pcap":
		p := &pcapWriter{w: bufio.NewWriterSize(w, 1<<20), n: 24}
		h := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
		_, err := p.w.Write(h)
		return p, err
	case "pcapng":
		n := &ngWriter{w: capture.NewWriter(w, capture.Section{Application: "kerbscope pcaps/big"}), n: 28}
		_, err := n.w.AddInterface(capture.Interface{Name: "eth0", Link: capture.LinkEthernet, SnapLen: 262144, TicksPS: 1e9})
		return n, err
	}
	return nil, fmt.Errorf("-format %s: pcap or pcapng", format)
}

type pcapWriter struct {
	w    *bufio.Writer
	head [16]byte
	n    uint64
}

func (p *pcapWriter) packet(ns int64, data []byte, wire int) error {
	le := binary.LittleEndian
	le.PutUint32(p.head[:], uint32(ns/1e9))
	le.PutUint32(p.head[4:], uint32(ns%1e9/1e3))
	le.PutUint32(p.head[8:], uint32(len(data)))
	le.PutUint32(p.head[12:], uint32(wire))
	p.w.Write(p.head[:])
	_, err := p.w.Write(data)
	p.n += uint64(16 + len(data))
	return err
}

func (p *pcapWriter) size() uint64 { return p.n }
func (p *pcapWriter) flush() error { return p.w.Flush() }

type ngWriter struct {
	w *capture.Writer
	n uint64
}

func (g *ngWriter) packet(ns int64, data []byte, wire int) error {
	g.n += uint64(32 + (len(data)+3)&^3)
	return g.w.WritePacket(capture.Record{Time: ns, Wire: uint32(wire)}, data, capture.PacketOptions{})
}

func (g *ngWriter) size() uint64 { return g.n }
func (g *ngWriter) flush() error { return g.w.Flush() }

func parseSize(s string) (uint64, error) {
	unit := 1.0
	for suffix, u := range map[string]float64{"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = rest, u
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v*unit < 1e15) {
		return 0, fmt.Errorf("%q is no size", s)
	}
	return uint64(v * unit), nil
}
