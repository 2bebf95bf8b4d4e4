package filter

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"

	"kerbscope/capture"
)

var testPorts = Ports{
	TCP: []uint16{25, 80, 88, 110, 135, 139, 143, 389, 445, 464, 587, 749, 808, 1433, 2049, 2525, 3128, 3268, 3389, 4190, 5222, 5269, 5672, 5985, 8000, 8080, 9389, 47001, 53},
	TLS: []uint16{443, 465, 636, 993, 995, 3269, 5000, 5986, 8443, 9443},
	UDP: []uint16{53, 88, 389, 464},
}

// wanted is the filter in plain words.
func wanted(b []byte, ports Ports) bool {
	be16 := func(i int) int {
		if i+2 > len(b) {
			return -1
		}
		return int(binary.BigEndian.Uint16(b[i:]))
	}
	at := func(i int) int {
		if i >= len(b) {
			return -1
		}
		return int(b[i])
	}
	ip, kind := 14, be16(12)
	for range 2 {
		if kind == 0x8100 || kind == 0x88a8 || kind == 0x9100 {
			kind = be16(ip + 2)
			ip += 4
		}
	}
	var proto, t int
	switch kind {
	case etherIPv4:
		proto = at(ip + 9)
		if proto != 1 && proto != 6 && proto != 17 {
			return false
		}
		if f := be16(ip + 6); f < 0 {
			return false
		} else if f&0x1fff != 0 {
			return true
		}
		t = ip + at(ip)&15*4
	case etherIPv6:
		proto = at(ip + 6)
		switch proto {
		case 0, 43, 60:
			return true
		case 44:
			proto = at(ip + 40)
			if proto != 6 && proto != 17 && proto != 58 {
				return false
			}
			if f := be16(ip + 42); f < 0 {
				return false
			} else if f&0xfff8 != 0 {
				return true
			}
			t = ip + 48
		default:
			t = ip + 40
		}
	default:
		return false
	}
	message := func(i int) bool {
		return at(i)&0xe0 == 0x60 && at(i) >= 0 && at(i+1) == 0x82 && at(i+4) == 0x30
	}
	either := func(list []uint16) bool {
		return be16(t) >= 0 && slices.Contains(list, uint16(be16(t))) || be16(t+2) >= 0 && slices.Contains(list, uint16(be16(t+2)))
	}
	switch proto {
	case 1:
		return slices.Contains([]int{3, 4, 5, 11, 12}, at(t))
	case 58:
		return at(t) >= 0 && at(t) < 128
	case 17:
		return either(ports.UDP) || message(t+8)
	case 6:
		if tls := be16(t) >= 0 && slices.Contains(ports.TLS, uint16(be16(t))); !tls && either(ports.TCP) {
			return true
		}
		if at(t+12) < 0 {
			return false
		}
		data := t + at(t+12)>>4*4
		if either(ports.TLS) {
			return at(t+13) > 0 && at(t+13)&7 != 0 || at(data) == 0x16
		}
		switch {
		case be16(data) == 0x0500 && at(data+2) >= 11 && at(data+2) <= 16:
			return true
		case be16(data) == 0x0500 && slices.Contains([]int{0, 2, 3}, at(data+2)):
			if data+16 > len(b) {
				return false
			}
			id := binary.BigEndian.Uint32(b[data+12:])
			if at(data+4) == 0x10 {
				id = binary.LittleEndian.Uint32(b[data+12:])
			}
			return id < 16
		case be16(data) == 0:
			return message(data + 4)
		}
	}
	return false
}

func TestKerberos(t *testing.T) {
	program, err := Kerberos(Link{Type: capture.LinkEthernet}, testPorts, 262144)
	require.NoError(t, err)
	t.Logf("%d instructions", len(program))
	assert.Less(t, len(program), 300, "it runs for every packet")
	raw, err := bpf.Assemble(program)
	require.NoError(t, err)
	checkProgram(t, raw)
	vm, err := bpf.NewVM(program)
	require.NoError(t, err)
	kept := [2]int{}
	for i, list := range [][][]byte{madePackets(20000, true), corpusPackets(t, 1<<30)} {
		for _, p := range list {
			n, err := vm.Run(p)
			require.NoError(t, err)
			require.Equal(t, wanted(p, testPorts), n > 0, "%x", p)
			if n > 0 {
				kept[i]++
			}
		}
		t.Logf("kept %d of %d", kept[i], len(list))
		assert.Positive(t, kept[i])
		assert.Less(t, kept[i], len(list))
	}
}

// TestKerberosLinks: the same packets pass, whatever stands in front of them.
func TestKerberosLinks(t *testing.T) {
	run := func(l capture.LinkType, p []byte) bool {
		program, err := Kerberos(Link{Type: l}, testPorts, 1)
		require.NoError(t, err)
		vm, err := bpf.NewVM(program)
		require.NoError(t, err)
		n, err := vm.Run(p)
		require.NoError(t, err)
		return n == 1
	}
	for _, p := range madePackets(300, false) {
		for _, l := range []capture.LinkType{capture.LinkRaw, capture.LinkSLL, capture.LinkSLL2} {
			if q := relink(p, l); q != nil {
				assert.Equal(t, wanted(p, testPorts), run(l, q), "%s %x", l, p)
			}
		}
		switch e := binary.BigEndian.Uint16(p[12:]); e {
		case etherIPv4, etherIPv6:
			assert.Equal(t, wanted(p, testPorts), run(capture.LinkNull, append(make([]byte, 4), p[14:]...)))
			only := map[uint16]capture.LinkType{etherIPv4: capture.LinkIPv4, etherIPv6: capture.LinkIPv6}[e]
			assert.Equal(t, wanted(p, testPorts), run(only, p[14:]))
		}
	}
	program, err := Kerberos(Link{Type: capture.LinkRadiotap}, testPorts, 1)
	require.NoError(t, err)
	assert.Nil(t, program)
}

func BenchmarkKerberos(b *testing.B) {
	program, err := Kerberos(Link{Type: capture.LinkEthernet}, testPorts, 1)
	require.NoError(b, err)
	vm, err := bpf.NewVM(program)
	require.NoError(b, err)
	packets := madePackets(1000, false)
	for i := 0; b.Loop(); i++ {
		vm.Run(packets[i%len(packets)])
	}
}
