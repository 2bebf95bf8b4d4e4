package filter

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
)

// Addresses and numbers of the packets made here, and of the filters: few, so
// that they meet.
var (
	someIP4  = []string{"10.0.0.1", "10.0.0.2", "10.1.2.3", "192.0.2.9", "224.0.0.5"}
	someIP6  = []string{"fd00::1", "fd00::2", "fe80::1:2", "ff02::1"}
	someMAC  = []string{"2:0:0:0:0:1", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff"}
	somePort = []uint16{53, 88, 464, 445, 5000, 49155}
	someVLAN = []uint16{1, 5, 100}
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.Intn(len(of))] }

// makePacket returns an Ethernet frame: plain or tagged, IPv4 with options and
// fragments, IPv6 with extension headers, ARP, or something else.
func makePacket(r *rand.Rand) []byte {
	var b []byte
	for range 2 {
		b = append(b, parseMAC(pick(r, someMAC))...)
	}
	for range []int{0, 0, 0, 1, 1, 2}[r.Intn(6)] {
		b = binary.BigEndian.AppendUint16(b, pick(r, []uint16{0x8100, 0x8100, 0x88a8, 0x9100}))
		b = binary.BigEndian.AppendUint16(b, pick(r, someVLAN)|uint16(r.Intn(16))<<12)
	}
	ip4 := func() []byte { p := primitive{}; return addr(&p, pick(r, someIP4)) }
	ip6 := func() []byte { p := primitive{}; return addr(&p, pick(r, someIP6)) }
	var proto byte
	switch r.Intn(8) {
	case 0:
		b = binary.BigEndian.AppendUint16(b, pick(r, []uint16{0x0806, 0x8035}))
		b = append(b, 0, 1, 8, 0, 6, 4, 0, byte(1+r.Intn(2)))
		b = append(append(b, make([]byte, 6)...), ip4()...)
		return append(append(append(b, make([]byte, 6)...), ip4()...), make([]byte, 18)...)
	case 1:
		b = binary.BigEndian.AppendUint16(b, pick(r, []uint16{0x1234, 0x88cc, 60}))
		return append(b, make([]byte, 46+r.Intn(40))...)
	case 2, 3:
		b = binary.BigEndian.AppendUint16(b, etherIPv6)
		b = append(b, 0x60, 0, 0, 0, 0, 64)
		proto = pick(r, []byte{6, 6, 17, 17, 132, 58, 50})
		var ext []byte
		switch r.Intn(4) {
		case 0:
			ext = []byte{proto, 0, 0, byte(r.Intn(2) * 8), 0, 0, 0, 7}
			b = append(b, protoFrag6)
		case 1:
			ext = []byte{proto, 0, 0, 0, 0, 0, 0, 0}
			b = append(b, pick(r, []byte{0, 43, 60}))
		default:
			b = append(b, proto)
		}
		b = append(append(append(append(b, 64), ip6()...), ip6()...), ext...)
	default:
		b = binary.BigEndian.AppendUint16(b, etherIPv4)
		opts := r.Intn(3)
		frag := pick(r, []uint16{0, 0, 0, 0x4000, 0x2000, 0x2064, 185})
		proto = pick(r, []byte{6, 6, 17, 17, 132, 1, 2, 50, 51})
		b = append(b, byte(0x45+opts), 0, 0, 100, 0, 7, byte(frag>>8), byte(frag), 64, proto, 0, 0)
		b = append(append(append(b, ip4()...), ip4()...), make([]byte, 4*opts)...)
	}
	b = binary.BigEndian.AppendUint16(b, pick(r, somePort))
	b = binary.BigEndian.AppendUint16(b, pick(r, somePort))
	if proto == protoICMP || proto == protoICMPv6 {
		b[len(b)-4] = byte(r.Intn(14))
	}
	rest := make([]byte, 16+r.Intn(60))
	if proto == protoTCP {
		rest[8] = byte(5+r.Intn(2)) << 4
		rest[9] = pick(r, []byte{0x02, 0x12, 0x10, 0x18, 0x11, 0x04})
		at := 16 + r.Intn(2)*4
		rest = append(rest, make([]byte, 24)...)
		copy(rest[at:], pick(r, []string{"", "\x05\x00\x0b\x03\x10\x00\x00\x00", "\x05\x00\x00\x03\x10\x00\x00\x00\x20\x00\x00\x00\x02\x00\x00\x00", "\x16\x03\x01\x02", "\x17\x03\x03\x00"}))
	}
	return append(b, rest...)
}

func addr(p *primitive, s string) []byte {
	q := &parser{tokens: []token{{}}}
	q.address(p, token{text: s}, head{})
	return p.addr
}

// madePackets returns n of them, some cut anywhere.
func madePackets(n int, cut bool) [][]byte {
	r := rand.New(rand.NewSource(1))
	var list [][]byte
	for range n {
		p := makePacket(r)
		if cut && r.Intn(4) == 0 {
			p = p[:14+r.Intn(len(p)-14)]
		}
		list = append(list, p)
	}
	return list
}

// corpusPackets returns every Ethernet packet of the corpus, up to n.
func corpusPackets(t testing.TB, n int) [][]byte {
	files, err := filepath.Glob("../../../pcaps/*/*.pcap*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var list [][]byte
	for _, f := range files {
		src, err := capture.Open(f)
		if err != nil {
			continue
		}
		var b capture.Batch
		for src.Next(&b) == nil {
			for i := range b.Records {
				if p := b.Packet(i); p.Link == capture.LinkEthernet && len(p.Data) >= 14 {
					list = append(list, append([]byte{}, p.Data...))
				}
			}
		}
		src.Close()
	}
	r := rand.New(rand.NewSource(2))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(n, len(list))]
}

// relink returns the packet as an interface of another link type would give
// it, nil if it would not.
func relink(frame []byte, to capture.LinkType) []byte {
	switch to {
	case capture.LinkSLL:
		return append(append(make([]byte, 14), frame[12:14]...), frame[14:]...)
	case capture.LinkSLL2:
		return append(append([]byte{frame[12], frame[13]}, make([]byte, 18)...), frame[14:]...)
	case capture.LinkRaw:
		if e := binary.BigEndian.Uint16(frame[12:]); e != etherIPv4 && e != etherIPv6 {
			return nil
		}
		return frame[14:]
	}
	return frame
}

// randomFilter writes a filter of the language, with up to n terms.
func randomFilter(r *rand.Rand, n int, vlans bool) string {
	var w strings.Builder
	more := "" // what could stand behind "or" without words
	term := func() {
		dir := pick(r, []string{"", "", "src ", "dst ", "src or dst ", "src and dst "})
		switch r.Intn(12) {
		case 0, 1, 2:
			fmt.Fprintf(&w, "%s%sport %d", pick(r, []string{"", "tcp ", "udp ", "sctp "}), dir, pick(r, somePort))
			more = fmt.Sprint(pick(r, somePort))
		case 3:
			a := int(pick(r, somePort))
			fmt.Fprintf(&w, "%s%sportrange %d-%d", pick(r, []string{"", "tcp ", "udp "}), dir, a, a+r.Intn(500)-50)
			more = "80-90"
		case 4, 5:
			fmt.Fprintf(&w, "%s%shost %s", pick(r, []string{"", "", "ip ", "arp "}), dir, pick(r, someIP4))
			more = pick(r, someIP4)
		case 6:
			fmt.Fprintf(&w, "%s%shost %s", pick(r, []string{"", "ip6 "}), dir, pick(r, someIP6))
			more = pick(r, someIP6)
			if strings.HasSuffix(w.String(), more) {
				more = ""
			}
		case 7:
			fmt.Fprintf(&w, "%snet %s", dir, pick(r, []string{"10", "10.0.0.0/8", "10.0.0.0/30", "192.0.2", "fd00::/16", "fe80::/10", "10.0.0.0 mask 255.255.255.254", "0.0.0.0/0"}))
			more = ""
		case 8:
			fmt.Fprintf(&w, "ether %shost %s", dir, pick(r, someMAC))
			more = ""
		case 9:
			if vlans {
				w.WriteString(pick(r, []string{"vlan", "vlan 5", "vlan 100"}))
				more = ""
				return
			}
			fallthrough
		default:
			w.WriteString(pick(r, []string{"ip", "ip6", "tcp", "udp", "arp", "icmp", "icmp6", "sctp", "rarp", "igmp", "esp", "ah", "less 80", "greater 90", "ip proto 6", "proto 17", "ip6 proto 58",
				"multicast", "broadcast", "ip multicast", "ip6 multicast", "ether proto 0x800", "ether proto 34525"}))
			more = ""
		}
	}
	open := 0
	for i := range n {
		if i > 0 {
			w.WriteString(pick(r, []string{" and ", " or ", " && ", " || "}))
			if more != "" && r.Intn(3) == 0 {
				switch r.Intn(3) {
				case 0:
					w.WriteString(more)
				case 1:
					w.WriteString("not " + more)
				default:
					w.WriteString("(" + more + " or " + more + ")")
				}
				continue
			}
		}
		if r.Intn(4) == 0 {
			w.WriteString(pick(r, []string{"not ", "!"}))
		}
		if r.Intn(4) == 0 {
			w.WriteString("(")
			open++
		}
		term()
		if open > 0 && r.Intn(2) == 0 {
			w.WriteString(")")
			open--
			more = ""
		}
	}
	return w.String() + strings.Repeat(")", open)
}
