package decode

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// packets reads all packets of a capture file, with bytes of their own.
func packets(t testing.TB, path string) []capture.Packet {
	t.Helper()
	src, err := capture.Open(path)
	require.NoError(t, err)
	defer src.Close()
	var all []capture.Packet
	for {
		b := &capture.Batch{}
		if err := src.Next(b); err == io.EOF {
			return all
		} else {
			require.NoError(t, err)
		}
		for i := range b.Records {
			p := b.Packet(i)
			p.Data = append([]byte(nil), p.Data...)
			all = append(all, p)
		}
		b.Release()
	}
}

// decodePackets decodes packets given as they are, a few a batch.
func decodePackets(all []capture.Packet, perBatch int) *recorder {
	r := &recorder{}
	d := New(Options{}, r)
	for len(all) > 0 {
		n := min(perBatch, len(all))
		b := &capture.Batch{}
		for _, p := range all[:n] {
			rec := p.Record
			rec.Off, rec.Len = uint32(len(b.Data)), uint32(len(p.Data))
			b.Data = append(b.Data, p.Data...)
			b.Records = append(b.Records, rec)
		}
		d.Batch(0, b)
		all = all[n:]
	}
	d.Close()
	return r
}

// digest is what must not depend on how a stream was cut into segments.
func digest(r *recorder) []string {
	var out []string
	for _, m := range r.messages {
		s := fmt.Sprintf("%v %v>%v %v ntlm=%s", m.Transport, m.Src, m.Dst, m.Carrier, m.NTLM)
		if m.Krb != nil {
			s += fmt.Sprintf(" %v %x %v", m.Krb.Type, sha256.Sum256(m.Krb.Raw), m.Krb.Anomalies)
		}
		out = append(out, s)
	}
	// Exchanges and sessions come when they are over, and that hangs on which
	// packet of theirs was the first to be noticed.
	ordered := len(out)
	for _, x := range r.exchanges {
		s := fmt.Sprintf("X %v %v>%v %v %v", x.Kind, x.Client, x.Server, x.Carrier, x.Ending)
		for _, st := range x.Steps {
			s += " " + st.What
		}
		out = append(out, s)
	}
	for _, s := range r.sessions {
		line := fmt.Sprintf("S %v>%v %v %v", s.Client, s.Server, s.Carrier, s.Offered)
		for _, a := range s.Attempts {
			line += " " + a.Mech + a.Verb
			if a.Result != nil {
				line += fmt.Sprint(a.Result.Outcome, a.Result.Code)
			}
		}
		out = append(out, line)
	}
	slices.Sort(out[ordered:])
	return out
}

func corpusFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../pcaps/*/*.pcap*")
	require.NoError(t, err)
	require.NotEmpty(t, files, "no corpus")
	return files
}

// resegment cuts the payload of every TCP segment in pieces of size bytes; on
// ports that mean nothing of at least so many.
func resegment(all []capture.Packet, least int, size func() int) []capture.Packet {
	var out []capture.Packet
	var p flow.Packet
	for _, pk := range all {
		if flow.Peek(pk.Link, pk.Data, pk.Wire, &p) != flow.TCP || len(p.Payload) < 2 || p.Truncated() || p.V6 || !plainTCP(pk.Data) {
			out = append(out, pk)
			continue
		}
		head := len(pk.Data) - len(p.Payload)
		if i := indexPayload(pk.Data, p.Payload); i >= 0 {
			head = i
		}
		for at := 0; at < len(p.Payload); {
			n := max(1, size())
			if portClasses[p.SrcPort] == portOther && portClasses[p.DstPort] == portOther {
				n = max(n, least)
			}
			n = min(n, len(p.Payload)-at)
			d := append([]byte(nil), pk.Data[:head]...)
			d = append(d, p.Payload[at:at+n]...)
			ip := ipv4At(d)
			tcp := ip + int(d[ip]&15)*4
			binary.BigEndian.PutUint16(d[ip+2:], uint16(len(d)-ip))
			binary.BigEndian.PutUint32(d[tcp+4:], p.Seq+uint32(at))
			if at+n < len(p.Payload) {
				d[tcp+13] &^= 1 // FIN belongs to the last piece
			}
			q := pk
			q.Data, q.Wire = d, uint32(len(d))
			out = append(out, q)
			at += n
		}
	}
	return out
}

func indexPayload(data, payload []byte) int {
	for i := range data {
		if len(payload) > 0 && &data[i] == &payload[0] {
			return i
		}
	}
	return -1
}

// ipv4At finds the IPv4 header of an Ethernet frame of the corpus.
func ipv4At(d []byte) int {
	at := 12
	for binary.BigEndian.Uint16(d[at:]) == 0x8100 {
		at += 4
	}
	return at + 2
}

// plainTCP tells whether TCP stands right behind the IPv4 header of an Ethernet
// frame, in no tunnel.
func plainTCP(d []byte) bool {
	ip := ipv4At(d)
	return binary.BigEndian.Uint16(d[ip-2:]) == 0x0800 && d[ip+9] == 6
}

func TestSegmentationDoesNotMatter(t *testing.T) {
	for _, f := range corpusFiles(t) {
		all := packets(t, f)
		if len(all) == 0 || all[0].Link != capture.LinkEthernet {
			continue
		}
		t.Run(f, func(t *testing.T) {
			want := digest(decodePackets(all, 64))
			rnd := rand.New(rand.NewPCG(1, uint64(len(all))))
			for _, size := range []func() int{
				func() int { return 1 },
				func() int { return 7 },
				func() int { return 1 + rnd.IntN(300) },
			} {
				require.Equal(t, want, digest(decodePackets(resegment(all, 40, size), 64)))
			}
		})
	}
}

func TestEveryPrefixSurvives(t *testing.T) {
	for _, f := range corpusFiles(t) {
		all := packets(t, f)
		whole := len(decodePackets(all, 64).messages)
		for n := 1; n < len(all); n += 1 + len(all)/60 {
			got := decodePackets(all[:n], 16)
			require.LessOrEqual(t, len(got.messages), whole+1, "%s, %d frames", f, n)
		}
	}
}

func TestBatchSizeDoesNotMatter(t *testing.T) {
	for _, f := range corpusFiles(t) {
		all := packets(t, f)
		require.Equal(t, digest(decodePackets(all, 1000)), digest(decodePackets(all, 50)), f)
	}
}

// TestTwiceInOneFile: a merged capture holds every packet twice; nothing is
// found twice.
func TestTwiceInOneFile(t *testing.T) {
	for _, f := range corpusFiles(t) {
		all := packets(t, f)
		var twice []capture.Packet
		for _, p := range all {
			q := p
			q.Time += 1000
			twice = append(twice, p, q)
		}
		one, two := decodePackets(all, 64), decodePackets(twice, 64)
		require.Equal(t, len(one.exchanges), len(two.exchanges), f)
	}
}

func FuzzPackets(f *testing.F) {
	for _, file := range corpusFiles(f)[:6] {
		var seed []byte
		for i, p := range packets(f, file) {
			if i > 60 {
				break
			}
			seed = binary.BigEndian.AppendUint16(seed, uint16(len(p.Data)))
			seed = append(seed, p.Data...)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var all []capture.Packet
		for i := 0; len(b) >= 2 && i < 400; i++ {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			all = append(all, capture.Packet{Data: b[2 : 2+n], Record: capture.Record{
				Frame: uint64(i + 1), Time: int64(i) * 1e6, Wire: uint32(n), Link: capture.LinkEthernet}})
			b = b[2+n:]
		}
		require.Equal(t, digest(decodePackets(all, 32)), digest(decodePackets(all, 32)))
	})
}
