package main

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"io"

	"kerbscope/capture"
)

// A recording is a corpus capture: its IP frames on Ethernet, with the time
// since its first frame.
type recording struct {
	frames []recorded
	hosts  map[string]int // addresses, numbered in order of appearance
	kdcs   map[string]int // of them, those that keep their address in every replay
}

type recorded struct {
	after int64 // ns
	data  []byte
	wire  int
}

// longestGap keeps a replay short: longer pauses of a recording are cut to it.
const longestGap = 500e6 // ns

func loadCorpus(files []string, kdc bool) (rs []recording, err error) {
	for _, path := range files {
		r, err := loadRecording(path, kdc)
		if err != nil {
			return nil, err
		}
		if len(r.frames) > 0 {
			rs = append(rs, r)
		}
	}
	return rs, nil
}

func loadRecording(path string, kdc bool) (r recording, err error) {
	src, err := capture.Open(path)
	if err != nil {
		return r, err
	}
	defer src.Close()
	r.hosts, r.kdcs = map[string]int{}, map[string]int{}
	var b capture.Batch
	last, after := capture.NoTime, int64(0)
	for {
		if err := src.Next(&b); errors.Is(err, io.EOF) {
			return r, nil
		} else if err != nil {
			return r, err
		}
		for i := range b.Records {
			p := b.Packet(i)
			ip := addresses(p.Data)
			if p.Link != capture.LinkEthernet || ip == nil {
				continue
			}
			if kdc && !r.port88(p.Data, ip) {
				continue
			}
			if last != capture.NoTime {
				after += min(max(p.Time-last, 0), longestGap)
			}
			last = p.Time
			n := len(ip) / 2
			for _, a := range []string{string(ip[:n]), string(ip[n:])} {
				if _, ok := r.hosts[a]; !ok {
					r.hosts[a] = len(r.hosts)
				}
			}
			r.frames = append(r.frames, recorded{after, append([]byte(nil), p.Data...), int(p.Wire)})
		}
	}
}

// port88 tells whether an IP frame is of TCP or UDP port 88, and notes who is
// the KDC.
func (r *recording) port88(f, ip []byte) bool {
	n := len(ip) / 2
	at, proto := 54, f[20]
	if n == 4 {
		at, proto = 14+int(f[14]&15)*4, f[23]
		if binary.BigEndian.Uint16(f[20:])&0x3fff != 0 {
			return false
		}
	}
	if proto != protoTCP && proto != protoUDP || len(f) < at+4 {
		return false
	}
	for i := range 2 {
		if binary.BigEndian.Uint16(f[at+2*i:]) == 88 {
			kdc := string(ip[i*n : i*n+n])
			if _, ok := r.kdcs[kdc]; !ok {
				r.kdcs[kdc] = len(r.kdcs)
			}
			return true
		}
	}
	return false
}

// addresses returns the two addresses of an untagged IP frame, one after the
// other; nil of anything else.
func addresses(f []byte) []byte {
	switch {
	case len(f) >= 34 && f[12] == 8 && f[13] == 0 && f[14]>>4 == 4:
		return f[26:34]
	case len(f) >= 54 && f[12] == 0x86 && f[13] == 0xdd:
		return f[22:54]
	}
	return nil
}

// rewrite gives a copy of a recording its own addresses: 10.x.y.z or
// fd00:1::, of the copy's number and the host's. Checksums that were right
// stay right.
func (r *recording) rewrite(f []byte, copyNumber int) {
	ip := addresses(f)
	n := len(ip) / 2
	before := fold(sum(0, ip))
	for _, a := range [][]byte{ip[:n], ip[n:]} {
		h, number := r.hosts[string(a)], copyNumber
		if k, ok := r.kdcs[string(a)]; ok {
			h, number = k, 1<<18-1
		}
		if n == 4 {
			// 64 hosts a copy; numbers come round after 2^18 copies.
			binary.BigEndian.PutUint32(a, 10<<24|uint32(number*64+h)&0xffffff)
			continue
		}
		copy(a, "\xfd\x00\x00\x01\x00\x00\x00\x00")
		binary.BigEndian.PutUint64(a[8:], uint64(number)<<16|uint64(h))
	}
	delta := uint64(^before) + uint64(fold(sum(0, ip)))
	proto, at := f[20], 54
	first := true
	if n == 4 {
		adjust(f[24:26], delta)
		proto, at = f[23], 14+int(f[14]&15)*4
		first = binary.BigEndian.Uint16(f[20:])&0x1fff == 0
	}
	switch {
	case !first:
	case proto == protoTCP && len(f) >= at+18:
		adjust(f[at+16:at+18], delta)
	case proto == protoUDP && len(f) >= at+8 && (f[at+6] != 0 || f[at+7] != 0):
		adjust(f[at+6:at+8], delta)
	}
}

// adjust updates a checksum for what was added to the sum (RFC 1624).
func adjust(check []byte, delta uint64) {
	c := binary.BigEndian.Uint16(check)
	binary.BigEndian.PutUint16(check, ^fold(uint64(^c)+delta))
}

// A schedule holds the replays under way, the one whose frame is due first on top.
type schedule struct {
	runs runs
	buf  []byte
}

type replay struct {
	rec    *recording
	number int
	begin  int64
	at     int
}

func (r *replay) due() int64 { return r.begin + r.rec.frames[r.at].after }

func (s *schedule) start(r *recording, number int, now int64) {
	heap.Push(&s.runs, replay{rec: r, number: number, begin: now})
}

// next returns the frame that is due at now, if there is one, until the next call.
func (s *schedule) next(now int64) (at int64, frame []byte, wire int, ok bool) {
	if len(s.runs) == 0 || s.runs[0].due() > now {
		return 0, nil, 0, false
	}
	r := &s.runs[0]
	f := r.rec.frames[r.at]
	at = r.due()
	s.buf = append(s.buf[:0], f.data...)
	r.rec.rewrite(s.buf, r.number)
	if r.at++; r.at == len(r.rec.frames) {
		heap.Pop(&s.runs)
	} else {
		heap.Fix(&s.runs, 0)
	}
	return at, s.buf, f.wire, true
}

type runs []replay

func (r runs) Len() int { return len(r) }
func (r runs) Less(i, j int) bool {
	if a, b := r[i].due(), r[j].due(); a != b {
		return a < b
	}
	return r[i].number < r[j].number
}
func (r runs) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)   { *r = append(*r, x.(replay)) }
func (r *runs) Pop() any {
	old := *r
	x := old[len(old)-1]
	*r = old[:len(old)-1]
	return x
}
