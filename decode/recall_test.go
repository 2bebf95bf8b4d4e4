package decode

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"kerbscope/capture"
	"kerbscope/decode/flow"
	"kerbscope/decode/krb5"
)

// apFound are the AP-REQs that were found over TCP.
func apFound(r *recorder) []string {
	var out []string
	for _, m := range r.messages {
		if m.Transport == TCP && m.Krb != nil && m.Krb.Type == krb5.APReqMsg {
			out = append(out, fmt.Sprintf("%x", sha256.Sum256(m.Krb.Raw)))
		}
	}
	slices.Sort(out)
	return out
}

// elsewhere moves the carriers' TCP ports to ports that mean nothing. ok is
// false for captures with tunnels.
func elsewhere(all []capture.Packet) (out []capture.Packet, ok bool) {
	var p flow.Packet
	for _, pk := range all {
		if flow.Peek(pk.Link, pk.Data, pk.Wire, &p) != flow.TCP || p.V6 {
			out = append(out, pk)
			continue
		}
		d := slices.Clone(pk.Data)
		tcp := ipv4At(d)
		tcp += int(d[tcp]&15) * 4
		if binary.BigEndian.Uint16(d[tcp:]) != p.SrcPort || binary.BigEndian.Uint16(d[tcp+2:]) != p.DstPort {
			return nil, false
		}
		for i, port := range [...]uint16{p.SrcPort, p.DstPort} {
			if portClasses[port] != portOther {
				binary.BigEndian.PutUint16(d[tcp+2*i:], 20000+port%1000)
			}
		}
		pk.Data = d
		out = append(out, pk)
	}
	return out, true
}

// begun leaves out of every TCP connection what came before the side that sends
// its first needle took its turn, and the handshake.
func begun(all []capture.Packet) (out []capture.Packet) {
	var p flow.Packet
	turn := map[uint64]int{} // of each flow, the packet that its turn begins with
	found := map[uint64]bool{}
	speaks := map[uint64]uint8{}
	for i, pk := range all {
		if flow.Peek(pk.Link, pk.Data, pk.Wire, &p) != flow.TCP || len(p.Payload) == 0 {
			continue
		}
		h := p.Hash(flow.Seed)
		if found[h] {
			continue
		}
		if side, ok := speaks[h]; !ok || side != p.Side() {
			speaks[h], turn[h] = p.Side(), i
		}
		found[h] = hasNeedle(p.Payload)
	}
	for i, pk := range all {
		if flow.Peek(pk.Link, pk.Data, pk.Wire, &p) == flow.TCP {
			if h := p.Hash(flow.Seed); p.Flags&flow.SYN != 0 || found[h] && i < turn[h] {
				continue
			}
		}
		out = append(out, pk)
	}
	return out
}

// TestNothingBoughtWithBlindness: AP-REQs are found where no port tells of
// them, when the beginning of the connection was not captured, and however the
// segments are cut.
func TestNothingBoughtWithBlindness(t *testing.T) {
	total := 0
	for _, f := range corpusFiles(t) {
		all := packets(t, f)
		if len(all) == 0 || all[0].Link != capture.LinkEthernet {
			continue
		}
		rnd := rand.New(rand.NewPCG(3, uint64(len(all))))
		want := apFound(decodePackets(all, 64))
		total += len(want)
		moved, ok := elsewhere(all)
		if !ok {
			continue
		}
		cut := func(least int) func() int { return func() int { return least + rnd.IntN(900) } }
		tiny := func() int { return 1 + rnd.IntN(12) }
		for name, in := range map[string][]capture.Packet{
			"cut": resegment(all, 1, cut(1)), "moved": moved, "moved and cut": resegment(moved, 1, cut(1)), "moved, in tiny pieces": resegment(moved, 1, tiny),
			"begun": begun(all), "begun, moved and cut": resegment(begun(moved), 1, cut(1)),
		} {
			got := apFound(decodePackets(in, 2000))
			if !slices.Equal(want, got) {
				t.Errorf("%s, %s: %d AP-REQs, not %d", f, name, len(got), len(want))
			}
		}
	}
	require.Greater(t, total, 50)
}
